import { noticeSourceContract } from '../notice-source-contract.ts';
import { seeded, unreliable } from '../seeded-faults.ts';
import { localNotices } from './local-notices.ts';

noticeSourceContract('the local cloud', localNotices);

for (const seed of [1, 2, 3, 4]) {
  noticeSourceContract(`the local cloud on a bad day (seed ${seed})`, () => {
    const disturbed = unreliable(seeded(seed));
    return localNotices((source) => ({
      watch: (signal) => source.watch(signal),
      extend: (notice) => disturbed(() => source.extend(notice)),
      complete: (notice) => disturbed(() => source.complete(notice)),
    }));
  });
}
