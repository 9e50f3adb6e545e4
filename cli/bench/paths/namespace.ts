import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const COMMAND_LIMIT_MS = 20_000;

/** What names mean in a namespace. */
export interface NameFiles {
  readonly hostsFile: string;
  readonly resolverFile: string;
}

/**
 * A network namespace with an `/etc/hosts` of its own. A process holds it, which ends with this one: nothing has to be
 * taken down, the kernel removes the namespace and the cables in it with the last process there.
 */
export class Namespace {
  readonly pid: number;
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder;
    this.pid = pid;
  }

  static async make({ hostsFile, resolverFile }: NameFiles): Promise<Namespace> {
    const script = [
      'mount --bind "$1" /etc/hosts',
      'mount --bind "$2" /etc/resolv.conf',
      'ip link set lo up',
      'echo ready',
      'exec cat >/dev/null',
    ].join(' && ');
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', script, 'sh', hostsFile, resolverFile], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    let complaint = '';
    holder.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const ready = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      once(holder, 'exit').then(() => false),
    ]);
    if (!ready || holder.pid === undefined) throw new Error(`no network namespace: ${complaint.trim()}`);
    return new Namespace(holder, holder.pid);
  }

  /** The command that runs this one in here. */
  enter(command: string, args: readonly string[]): [string, string[]] {
    const at = (kind: string) => `/proc/${this.pid}/ns/${kind}`;
    return ['nsenter', [`--net=${at('net')}`, `--mount=${at('mnt')}`, '--', command, ...args]];
  }

  /** Runs it to its end. Rejects with what it said when it fails. */
  async run(command: string, ...args: string[]): Promise<string> {
    const { stdout } = await execute(...this.enter(command, args), { timeout: COMMAND_LIMIT_MS });
    return stdout;
  }

  /** Several lines of `ip`, all or none. */
  async ip(...lines: readonly string[]): Promise<void> {
    const [command, args] = this.enter('ip', ['-batch', '-']);
    const running = execute(command, args, { timeout: COMMAND_LIMIT_MS });
    running.child.stdin?.end(`${lines.join('\n')}\n`);
    await running;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = once(this.#holder, 'exit');
    this.#holder.kill('SIGKILL');
    await ended;
  }
}
