import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { ProcessEnd, ProcessHandle } from '@holdfast/lifecycle-hooks/clouds/local/machine-factory.ts';
import type { Watchdog } from './watchdog.ts';

export interface ManagedProcessOptions {
  /** For people: "control plane", "media node node-1". */
  readonly name: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Gets all that the process writes. */
  readonly logFile: string;
  readonly watchdog: Watchdog;
}

/**
 * One of our processes, run by this Node, in a process group of its own: a terminal's Ctrl-C reaches only this program,
 * which ends the others in order, and SIGKILL reaches what the process has started as well.
 */
export class ManagedProcess implements ProcessHandle {
  readonly name: string;
  readonly logFile: string;
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  #over = false;

  private constructor(options: ManagedProcessOptions, child: ChildProcess, pid: number) {
    this.name = options.name;
    this.logFile = options.logFile;
    this.pid = pid;
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        // Whatever it had started goes with it.
        this.#signalGroup('SIGKILL');
        this.#over = true;
        options.watchdog.remove(pid);
        resolve({ code, signal });
      });
    });
  }

  static async start(options: ManagedProcessOptions): Promise<ManagedProcess> {
    const log = openSync(options.logFile, 'a', 0o600);
    try {
      const child = spawn(process.execPath, options.args, {
        // Its stdin ends when this process does, which it takes for its own end.
        env: { ...options.env, HOLDFAST_PARENT_WATCH: '1' },
        stdio: ['pipe', log, log],
        detached: true,
      });
      const { pid } = child;
      if (pid === undefined) {
        const [error] = await new Promise<[Error]>((resolve) =>
          child.once('error', (error) => resolve([error])),
        );
        throw new Error(`${options.name} could not be started: ${error.message}`);
      }
      options.watchdog.add(pid);
      return new ManagedProcess(options, child, pid);
    } finally {
      closeSync(log);
    }
  }

  /** What the process said to people when it ended: the last line of its log that is none of the JSON ones. */
  lastWords(): string | undefined {
    return readFileSync(this.logFile, 'utf8')
      .split('\n')
      .findLast((line) => line !== '' && !line.startsWith('{'));
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#over) return;
    if (name === 'SIGKILL') this.#signalGroup(name);
    else sendSignal(this.pid, name);
  }

  /** SIGTERM, and SIGKILL when it has not ended after this time. */
  async stop(graceMs: number): Promise<void> {
    this.signal('SIGTERM');
    const killer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(killer);
  }

  #signalGroup(name: NodeJS.Signals): void {
    sendSignal(-this.pid, name);
  }
}

function sendSignal(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch (error) {
    // ESRCH: it has ended by itself meanwhile, which is what was wanted. EPERM: on macOS, a group of zombies only.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

export function describeEnd({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}
