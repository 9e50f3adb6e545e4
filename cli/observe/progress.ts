import { Listr, ListrLogger, type ListrTask, PRESET_TIMER, ProcessOutput } from 'listr2';

/** A step of a long command. `report` shows what it is doing just now. */
export interface Step {
  readonly title: string;
  readonly run: (report: (line: string) => void) => Promise<string | undefined>;
}

/** Runs steps one after the other and shows them on stderr: live on a terminal, a line for each beginning and end elsewhere. */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  const tasks: ListrTask[] = steps.map(({ title, run }) => ({
    title,
    task: async (_context, task) => {
      let shown: string | undefined;
      const done = await run((line) => {
        if (line === shown) return;
        shown = line;
        task.output = line;
      });
      if (done !== undefined) task.title = done;
    },
  }));
  await new Listr(tasks, {
    // The command answers Ctrl-C itself: it has processes to end.
    registerSignalListeners: false,
    renderer: process.stderr.isTTY ? 'default' : 'simple',
    rendererOptions: { logger, timer: PRESET_TIMER },
    fallbackRenderer: 'simple',
    fallbackRendererOptions: { logger, timer: PRESET_TIMER },
  }).run();
}
