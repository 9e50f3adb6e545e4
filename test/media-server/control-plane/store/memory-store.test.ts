import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import { describeStore } from './store-contract.ts';

describeStore('MemoryStore', async () => {
  let nowMs = 1_000_000;
  return {
    store: new MemoryStore(() => nowMs),
    advance: async (ms) => {
      nowMs += ms;
    },
  };
});
