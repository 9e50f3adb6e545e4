/** Exit codes of a command that a signal ended, as shells have them: 128 + the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Runs a command that starts things. Whatever it has handed to `cleanup` is undone in reverse order when it ends, fails
 * or is interrupted; a second signal does not wait for that. Resolves with the exit code.
 */
export async function interruptible(
  run: (signal: AbortSignal, cleanup: (undo: () => Promise<void>) => void) => Promise<number>,
): Promise<number> {
  const controller = new AbortController();
  const undos: (() => Promise<void>)[] = [];
  let interruptedBy: keyof typeof exitCodes | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    if (name !== 'SIGINT' && name !== 'SIGTERM' && name !== 'SIGHUP') return;
    if (interruptedBy) process.exit(exitCodes[interruptedBy]);
    interruptedBy = name;
    process.stderr.write('\nStopping…\n');
    controller.abort(new Error(`interrupted by ${name}`));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  try {
    return await run(controller.signal, (undo) => undos.push(undo));
  } catch (error) {
    if (!interruptedBy)
      process.stderr.write(`holdfast: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    for (const undo of undos.reverse()) {
      await undo().catch((error: unknown) => {
        process.stderr.write(
          `holdfast: while stopping: ${error instanceof Error ? error.message : String(error)}\n`,
        );
      });
    }
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, onSignal);
    if (interruptedBy) process.exit(exitCodes[interruptedBy]);
  }
}
