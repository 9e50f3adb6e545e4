import { runProcess } from '@holdfast/media-server/process/run-process.ts';

/** A process that forgets a rejection, and then throws where nobody catches it when it is told to. */
const forgiving = process.argv.includes('forgiving');
let forgotten = 0;

runProcess(
  'careless',
  async () => {
    setTimeout(() => {
      void Promise.reject(new Error('forgotten'));
      setTimeout(() => {
        process.stdout.write(`alive after ${forgotten}\n`);
        if (process.argv.includes('throws')) throw new Error('not caught');
      }, 50);
    }, 0);
    const alive = setInterval(() => {}, 1000);
    return { close: async () => clearInterval(alive) };
  },
  forgiving
    ? {
        onUnhandledRejection: () => {
          forgotten += 1;
        },
      }
    : {},
);
