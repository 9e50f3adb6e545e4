import { ConfigError } from '../config/load.ts';
import { createLogger, type Logger } from './logger.ts';

/** What a process still has to do when it is told to end, while everything in it works. */
export interface Leaving {
  /** The longest it may take, ms; 0: there is nothing to do. */
  readonly graceMs: number;
  /** Resolves when it is done, or soon after the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Anything that was started and can be ended. */
export interface Running {
  readonly leaving?: Leaving;
  close(reason: string): Promise<void>;
}

export interface RunOptions {
  /**
   * Called for a rejection that nobody handled, which then does not end the process. For processes that carry so much that
   * one forgotten rejection must not cost all of it. An exception that nobody caught ends every process.
   */
  readonly onUnhandledRejection?: () => void;
}

/** The longest a clean end may take before the process ends anyway, ms. Leaving has its own time before that. */
const CLOSE_LIMIT_MS = 10_000;

/** Exit code for what the person who started the process must mend (port taken, file missing). */
const EXIT_USAGE = 1;

/**
 * Runs a process of ours: starts it, waits for SIGTERM or SIGINT, lets it leave in the time it was given for that, ends it
 * cleanly; a further signal cuts either short. Wrong configuration exits with 78 and one line on stderr; an address that is
 * taken with 1 and one line. When `HOLDFAST_PARENT_WATCH` is set, the end of stdin is the end of whoever started it, and it
 * ends too: no process outlives a killed parent.
 */
export function runProcess(
  role: string,
  start: (log: Logger) => Promise<Running>,
  options: RunOptions = {},
): void {
  const log = createLogger(role);
  let running: Running | undefined;
  let ending = false;

  const end = async (reason: string, code: number): Promise<never> => {
    if (!ending) {
      ending = true;
      log.info({ reason }, 'process.ending');
      const limit = setTimeout(() => process.exit(code || 1), CLOSE_LIMIT_MS);
      limit.unref();
      try {
        await running?.close(reason);
      } catch (error) {
        log.error({ err: error }, 'process.close_failed');
      }
      process.exit(code);
    }
    return new Promise(() => {});
  };

  const hurry = new AbortController();
  let asked = false;
  const leave = async (reason: string): Promise<void> => {
    // Who asks again while it is ending already does not want to wait for a clean end.
    if (ending) process.exit(1);
    if (asked) return hurry.abort();
    asked = true;
    const { graceMs, run } = running?.leaving ?? { graceMs: 0, run: async () => {} };
    if (graceMs > 0) {
      log.info({ reason, graceMs }, 'process.leaving');
      const timer = setTimeout(() => hurry.abort(), graceMs);
      try {
        await untilAborted(run(hurry.signal), hurry.signal);
      } catch (error) {
        log.error({ err: error }, 'process.leaving_failed');
      }
      clearTimeout(timer);
    }
    await end(reason, 0);
  };

  process.on('SIGTERM', () => void leave('SIGTERM'));
  process.on('SIGINT', () => void leave('SIGINT'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'process.uncaught_exception');
    void end('uncaught exception', 70);
  });
  process.on('unhandledRejection', (error) => {
    if (options.onUnhandledRejection) {
      log.error({ err: error }, 'process.unhandled_rejection');
      return options.onUnhandledRejection();
    }
    log.fatal({ err: error }, 'process.unhandled_rejection');
    void end('unhandled rejection', 70);
  });
  if (process.env.HOLDFAST_PARENT_WATCH) {
    process.stdin.once('end', () => void end('parent gone', 0));
    process.stdin.once('error', () => void end('parent gone', 0));
    process.stdin.resume();
  }

  start(log).then(
    (started) => {
      running = started;
      log.info('process.started');
    },
    (error: unknown) => {
      const { line, code } = explainStartFailure(error);
      log.fatal({ err: error }, 'process.start_failed');
      process.stderr.write(`${role}: ${line}\n`);
      process.exit(code);
    },
  );
}

function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return Promise.race([
    work,
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    }),
  ]);
}

/** One line for people, and the exit code. */
export function explainStartFailure(error: unknown): { line: string; code: number } {
  if (error instanceof ConfigError) return { line: error.message, code: ConfigError.exitCode };
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return { line: `${message}. Stop what uses this address, or choose another port.`, code: EXIT_USAGE };
  }
  if (code === 'EACCES') {
    return { line: `${message}. Choose a port above 1023, or allow this user to use it.`, code: EXIT_USAGE };
  }
  return { line: message, code: EXIT_USAGE };
}
