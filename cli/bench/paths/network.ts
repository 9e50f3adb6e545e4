import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Column, clientLinks, ruleset } from './columns.ts';
import { type NameFiles, Namespace } from './namespace.ts';

const execute = promisify(execFile);

/** Addresses of documentation: no preset of coturn takes them for private, and nobody has them. */
export const addresses = {
  server: { 4: '203.0.113.10', 6: '2001:db8:113::10' },
  turn: { 4: '198.51.100.20', 6: '2001:db8:51::20' },
  client: { 4: '10.77.0.2', 6: '2001:db8:77::2' },
} as const;
export const names = { server: 'meet.holdfast.example', turn: 'turn.holdfast.example' } as const;

/** What the client has after it has changed its network. */
const otherClient = '10.78.0.2';

/** The wires of the bed. This process is in the server's namespace already. */
export class Network {
  readonly router: Namespace;
  readonly turn: Namespace;
  readonly #folder: string;
  #client: Namespace | undefined;

  private constructor(folder: string, router: Namespace, turn: Namespace) {
    this.#folder = folder;
    this.router = router;
    this.turn = turn;
  }

  static async lay(folder: string): Promise<Network> {
    const hosts = nameFiles(folder, 4);
    const [router, turn] = await Promise.all([Namespace.make(hosts), Namespace.make(hosts)]);
    const network = new Network(folder, router, turn);
    const own = async (...args: string[]) => void (await execute('ip', args));
    await own('link', 'set', 'lo', 'up');
    await own('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'srv0', 'netns', String(router.pid));
    await own('addr', 'add', `${addresses.server[4]}/24`, 'dev', 'eth0');
    await own('addr', 'add', `${addresses.server[6]}/64`, 'dev', 'eth0', 'nodad');
    await own('link', 'set', 'eth0', 'up');
    await router.run(
      'ip',
      'link',
      'add',
      'trn0',
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      String(turn.pid),
    );
    await turn.ip(
      `addr add ${addresses.turn[4]}/24 dev eth0`,
      `addr add ${addresses.turn[6]}/64 dev eth0 nodad`,
      'link set eth0 up',
    );
    await router.ip(
      'addr add 203.0.113.1/24 dev srv0',
      'addr add 2001:db8:113::1/64 dev srv0 nodad',
      'link set srv0 up',
      'addr add 198.51.100.1/24 dev trn0',
      'addr add 2001:db8:51::1/64 dev trn0 nodad',
      'link set trn0 up',
    );
    await router.run(
      'sh',
      '-c',
      'echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding',
    );
    await own('route', 'add', 'default', 'via', '203.0.113.1');
    await own('-6', 'route', 'add', 'default', 'via', '2001:db8:113::1');
    await turn.run('ip', 'route', 'add', 'default', 'via', '198.51.100.1');
    await turn.run('ip', '-6', 'route', 'add', 'default', 'via', '2001:db8:51::1');
    return network;
  }

  /** A client behind the router, which does as this column says. The one before is gone. */
  async plug(column: Column): Promise<{ readonly client: Namespace; readonly missing: readonly string[] }> {
    const { router } = this;
    await this.#unplug();
    const client = await Namespace.make(nameFiles(this.#folder, column.family));
    this.#client = client;
    // An address that comes a second later is a change of network to a browser, which then begins anew.
    const setting = column.family === 6 ? 'accept_dad' : 'disable_ipv6';
    const value = column.family === 6 ? 0 : 1;
    await client.run('sh', '-c', `echo ${value} >/proc/sys/net/ipv6/conf/default/${setting}`);
    const file = join(this.#folder, `${column.id}.nft`);
    writeFileSync(file, ruleset(column));
    await router.run('nft', '-f', file);
    const links = column.moves ? [0, 1] : [0];
    for (const index of links) {
      await router.run(
        ...['ip', 'link', 'add', `cli${index}`, 'type', 'veth'],
        ...['peer', 'name', `eth${index}`, 'netns', String(client.pid)],
      );
      await router.ip(
        `addr add 10.${77 + index}.0.1/24 dev cli${index}`,
        `addr add 2001:db8:${77 + index}::1/64 dev cli${index} nodad`,
        `link set cli${index} up`,
      );
    }
    const [address, mask, via] =
      column.family === 4
        ? [addresses.client[4], 24, '10.77.0.1']
        : [addresses.client[6], 64, '2001:db8:77::1'];
    await client.ip(
      `addr add ${address}/${mask} dev eth0${column.family === 6 ? ' nodad' : ''}`,
      'link set eth0 up',
    );
    await client.run('ip', ...(column.family === 6 ? ['-6'] : []), 'route', 'add', 'default', 'via', via);
    const missing = column.delayMs > 0 ? await this.#delay(client, column.delayMs) : [];
    return { client, missing };
  }

  async #unplug(): Promise<void> {
    await this.#client?.close();
    // The kernel takes its cables away in its own time.
    for (const link of clientLinks) await this.router.run('ip', 'link', 'delete', link).catch(() => {});
  }

  /** From one network to another at once, as when somebody walks out of the reach of a Wi-Fi. */
  async moveClient(): Promise<void> {
    await this.#client?.ip(
      'link set eth0 down',
      `addr add ${otherClient}/24 dev eth1`,
      'link set eth1 up',
      'route add default via 10.78.0.1',
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.#client?.close(), this.router.close(), this.turn.close()]);
  }

  /** Half of it in each direction. @returns what this kernel cannot do, in words */
  async #delay(client: Namespace, delayMs: number): Promise<string[]> {
    const netem = ['root', 'netem', 'delay', `${delayMs / 2}ms`];
    try {
      await this.router.run('tc', 'qdisc', 'add', 'dev', 'cli0', ...netem);
      await client.run('tc', 'qdisc', 'add', 'dev', 'eth0', ...netem);
      return [];
    } catch {
      return [`this kernel has no netem: the loss is real, the delay of ${delayMs} ms is left out`];
    }
  }
}

/** Without a DNS server, names are what this file says: of one family, so that only that one is tried. */
function nameFiles(folder: string, family: 4 | 6): NameFiles {
  const [hostsFile, resolverFile] = [join(folder, `hosts.${family}`), join(folder, 'resolv.conf')];
  const lines = [
    '127.0.0.1 localhost',
    `${addresses.server[family]} ${names.server}`,
    `${addresses.turn[family]} ${names.turn}`,
  ];
  writeFileSync(hostsFile, `${lines.join('\n')}\n`);
  writeFileSync(resolverFile, 'nameserver 127.0.0.1\n');
  return { hostsFile, resolverFile };
}
