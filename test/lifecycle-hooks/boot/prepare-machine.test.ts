import type { MachinePlan } from '@holdfast/lifecycle-hooks/boot/machine-plan.ts';
import { madeUp, type SecretKind } from '@holdfast/lifecycle-hooks/boot/machine-secrets.ts';
import type { MachineServices } from '@holdfast/lifecycle-hooks/boot/machine-services.ts';
import { prepareMachine } from '@holdfast/lifecycle-hooks/boot/prepare-machine.ts';
import type { LaunchDescription } from '@holdfast/media-server/config/index.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../media-server/control-plane/silent-log.ts';
import { ManualClock } from '../../media-server/process/manual-clock.ts';
import { controlPlanePart, launchOf, mediaNodePart, someFacts } from './launches.ts';

/** A cloud that keeps secrets and names, and fails as often as it is told to. */
class FakeCloud implements MachineServices {
  readonly secrets = new Map<string, string>();
  readonly names = new Map<string, string>();
  failures = 0;

  async #answer<T>(value: T): Promise<T> {
    if (this.failures === 0) return value;
    this.failures -= 1;
    throw new HoldfastError('CLOUD_UNREACHABLE', 'no answer');
  }
  facts = () => this.#answer(someFacts);
  workersOf = () => this.#answer(4);
  secret = (name: string) => this.#answer(this.secrets.get(name));
  takeAddress = () => this.#answer('198.51.100.7');
  async makeSecret(name: string, value: string) {
    await this.#answer(undefined);
    if (!this.secrets.has(name)) this.secrets.set(name, value);
    return this.secrets.get(name) ?? value;
  }
  async keepName(_zone: string, name: string, address: string) {
    await this.#answer(undefined);
    this.names.set(name, address);
  }
}

let cloud: FakeCloud;
let clock: ManualClock;
let done: MachinePlan[];
beforeEach(() => {
  cloud = new FakeCloud();
  clock = new ManualClock();
  done = [];
});

const abort = new AbortController();
const boot = (launch: LaunchDescription) =>
  prepareMachine(launch, {
    services: cloud,
    system: {
      carryOut: async (plan) => {
        done.push(plan);
      },
    },
    clock,
    log: silentLog,
    signal: abort.signal,
  });
const controlPlane = launchOf({ controlPlane: controlPlanePart });
const media = launchOf({ mediaNode: mediaNodePart });

describe('a machine that boots', () => {
  it('makes up the secrets when it is the first control plane, and is found by its name when it runs', async () => {
    await boot(controlPlane);
    expect([...cloud.secrets.keys()].sort()).toEqual(['cluster', 'own', 'turn']);
    expect(cloud.names.get('control-plane.holdfast.internal')).toBe('10.40.1.5');
    const before = new Map(cloud.secrets);
    await boot(controlPlane);
    expect(cloud.secrets).toEqual(before);
    expect(done[1]).toEqual(done[0]);
  });

  it('waits for the secrets when it is none', async () => {
    const booting = boot(media);
    await clock.advance(60_000);
    expect(done).toEqual([]);
    cloud.secrets.set('cluster', madeUp('cluster'));
    await clock.advance(2000);
    await booting;
    expect(done).toHaveLength(1);
  });

  it('asks until the cloud answers', async () => {
    cloud.secrets.set('cluster', madeUp('cluster'));
    cloud.failures = 5;
    const booting = boot(media);
    await clock.advance(10_000);
    await booting;
    expect(done[0]?.units).toContain('holdfast-media-node.service');
  });

  it('is known by its fixed address from the start', async () => {
    cloud.secrets.set('cluster', madeUp('cluster'));
    await boot(launchOf({ mediaNode: mediaNodePart }, { fixedAddresses: ['eipalloc-1'] }));
    const facts = done[0]?.files.find(({ path }) => path.endsWith('machine.json'));
    expect(JSON.parse(facts?.text ?? '')).toMatchObject({ publicAddresses: ['198.51.100.7'] });
  });

  it.each<[string, string, SecretKind]>([
    ['no JSON', 'hunter2', 'cluster'],
    ['too short', '{"clusterToken":"short"}', 'cluster'],
  ])('says which secret makes no sense, and does not ask again: %s', async (_what, text, name) => {
    cloud.secrets.set(name, text);
    await expect(boot(media)).rejects.toThrow(/the secret cluster/);
    expect(done).toEqual([]);
  });
});
