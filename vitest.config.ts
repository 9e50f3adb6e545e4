import { defineConfig } from 'vitest/config';

const worker = ['test/worker/**/*.test.ts', 'test/boot/**/*.test.ts'];
// The CLI of Pulumi, which starts Node for each command.
const engine = ['test/engine/**/*.test.ts'];
const browser = ['test/browser/**/*.test.ts', 'test/faults/**/*.test.ts', 'test/paths/**/*.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: [...worker, ...engine, ...browser],
          // For what hangs, not for what is slow: a loaded machine is no fault of the test.
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'engine',
          include: engine,
          testTimeout: 300_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      // The next two measure time on real media, so nothing runs beside them, and nothing is tried twice: what
      // fails one time in ten is a fault.
      {
        test: {
          name: 'worker',
          include: worker,
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          retry: 0,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'browser',
          include: browser,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry: 0,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
