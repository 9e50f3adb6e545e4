import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { render, turnTls443 } from '../../../coturn-config-lite/index.ts';
import type { Namespace } from './namespace.ts';
import { addresses, names } from './network.ts';

/** In the order in which they cost: UDP, TCP, TLS on 443. */
export const turnUrls = [
  `turn:${names.turn}:3478?transport=udp`,
  `turn:${names.turn}:3478?transport=tcp`,
  `turns:${names.turn}:443?transport=tcp`,
];

const START_LIMIT_MS = 10_000;

/** coturn as `turnTls443` of `coturn-config-lite` has it, in a namespace of its own. */
export class TurnServer {
  readonly pid: number;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, pid: number) {
    this.#process = child;
    this.pid = pid;
  }

  /** Resolves when it listens. */
  static async start(
    namespace: Namespace,
    options: {
      readonly folder: string;
      readonly secret: string;
      readonly certFile: string;
      readonly keyFile: string;
      readonly signal: AbortSignal;
    },
  ): Promise<TurnServer> {
    const { folder, secret, certFile, keyFile, signal } = options;
    const file = join(folder, 'turnserver.conf');
    const config = {
      ...turnTls443({ realm: names.turn, secrets: [secret], certFile, keyFile }),
      listeningIp: [addresses.turn[4], addresses.turn[6]],
      relayIp: [addresses.turn[4], addresses.turn[6]],
      pidfile: join(folder, 'turnserver.pid'),
      userdb: join(folder, 'turndb'),
    };
    writeFileSync(file, render(config), { mode: 0o600 });
    const log = openSync(join(folder, 'turnserver.log'), 'a');
    const child = spawn(...namespace.enter('turnserver', ['-c', file]), {
      stdio: ['ignore', log, log],
      detached: true,
    });
    const { pid } = child;
    if (pid === undefined) throw new Error('coturn could not be started: is it installed?');
    const server = new TurnServer(child, pid);
    const deadlineMs = performance.now() + START_LIMIT_MS;
    while (!(await listens(namespace, 443))) {
      if (child.exitCode !== null || performance.now() > deadlineMs) {
        await server.close();
        throw new Error(
          `coturn does not listen: ${readFileSync(join(folder, 'turnserver.log'), 'utf8').slice(-500)}`,
        );
      }
      await delay(100, undefined, { signal });
    }
    return server;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** By the kernel's own table: a connection to try it with would have to come from inside. */
async function listens(namespace: Namespace, port: number): Promise<boolean> {
  return (await namespace.run('ss', '-Hltn', `sport = :${port}`)).trim() !== '';
}
