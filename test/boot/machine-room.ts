import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a unit file says of its service. */
export interface Service {
  readonly command: readonly string[];
  readonly environmentFile: string;
  readonly runtimeDirectory: string | undefined;
}

/**
 * A machine with a clean Debian: root file system, processes and network of its own. The network has two addresses and leads
 * nowhere. Ended, it takes all its processes with it.
 */
export class MachineRoom {
  readonly root: string;
  readonly #work: string;
  readonly #netns: string;
  readonly #init: ChildProcess;
  readonly #outside: ChildProcess[] = [];

  private constructor(work: string, netns: string, init: ChildProcess) {
    this.#work = work;
    this.root = join(work, 'root');
    this.#netns = netns;
    this.#init = init;
  }

  static async open(debian: string, addresses: readonly string[]): Promise<MachineRoom> {
    const work = mkdtempSync(join(tmpdir(), 'holdfast-boot-'));
    const root = join(work, 'root');
    mkdirSync(root);
    execFileSync('tar', ['--extract', '--file', debian, '--directory', root]);
    const netns = `holdfast-boot-${process.pid}`;
    execFileSync('ip', ['netns', 'add', netns]);
    for (const args of [
      ['link', 'set', 'lo', 'up'],
      ...addresses.map((one) => ['addr', 'add', `${one}/32`, 'dev', 'lo']),
    ])
      execFileSync('ip', ['-n', netns, ...args]);
    const mounts = `mount -t proc proc ${root}/proc; mount --rbind /dev ${root}/dev; mount -t tmpfs tmpfs ${root}/run`;
    const init = spawn(
      'ip',
      [
        'netns',
        'exec',
        netns,
        'unshare',
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        'sh',
        '-c',
        `${mounts}; echo ready; exec sleep 100000`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(init.stdout, 'data');
    return new MachineRoom(work, netns, init);
  }

  /** A file beside the machine, which it cannot see. */
  beside(name: string): string {
    return join(this.#work, name);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  write(path: string, content: string): void {
    writeFileSync(join(this.root, path), content);
  }

  /** Runs in the machine's network, with the files of this computer, until the machine ends. Resolves at its first word. */
  async startOutside(command: string, args: readonly string[]): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', this.#netns, command, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#outside.push(child);
    await once(child.stdout, 'data');
  }

  /** Runs a program of the machine to its end. @throws with what it wrote when it fails */
  run(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
    const set = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    return execFileSync('nsenter', [...this.#enter(), 'env', '--chdir=/', ...set, command, ...args], {
      encoding: 'utf8',
    });
  }

  /** What of ours systemd is to start. */
  enabled(): string[] {
    return this.run('ls', ['/etc/systemd/system/multi-user.target.wants'])
      .trim()
      .split('\n')
      .filter((unit) => unit.startsWith('holdfast-'))
      .sort();
  }

  service(unit: string): Service {
    const lines = this.read(`/etc/systemd/system/${unit}`).split('\n');
    const field = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
    return {
      command: (field('ExecStart') ?? '').split(' '),
      environmentFile: field('EnvironmentFile') ?? '/dev/null',
      runtimeDirectory: field('RuntimeDirectory'),
    };
  }

  /** Starts what a unit describes as systemd would: its user, its folder, its environment. What it writes goes to a log. */
  start(unit: string): void {
    const { command, environmentFile, runtimeDirectory } = this.service(unit);
    if (runtimeDirectory !== undefined)
      this.run('install', ['-d', '-o', 'holdfast', '-g', 'holdfast', `/run/${runtimeDirectory}`]);
    const script = `set -a; . ${environmentFile}; exec setpriv --reuid holdfast --regid holdfast --clear-groups --inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service ${command.join(' ')} > /tmp/${unit}.log 2>&1`;
    this.#outside.push(spawn('nsenter', [...this.#enter(), 'sh', '-c', script], { stdio: 'ignore' }));
  }

  /** @returns the answer's body; undefined: nobody answers, or not with success */
  get(url: string, token?: string): string | undefined {
    const auth = token === undefined ? [] : ['-H', `authorization: Bearer ${token}`];
    try {
      return this.run('curl', ['-sf', '--max-time', '2', ...auth, url]);
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    // The first process of its own pid namespace: with it end all others in it.
    this.#init.kill('SIGKILL');
    for (const child of this.#outside) child.kill('SIGKILL');
    await once(this.#init, 'exit').catch(() => {});
    execFileSync('ip', ['netns', 'delete', this.#netns]);
    rmSync(this.#work, { recursive: true, force: true });
  }

  #enter(): string[] {
    const [pid = ''] = execFileSync('pgrep', ['-P', String(this.#init.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n');
    return ['--target', pid, '--mount', '--pid', '--net', '--wd=/', 'chroot', this.root];
  }
}
