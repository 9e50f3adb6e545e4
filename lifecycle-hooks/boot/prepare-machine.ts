import { ConfigError, type LaunchDescription } from '@holdfast/media-server/config/index.ts';
import { type Clock, pause } from '@holdfast/media-server/process/clock.ts';
import { HoldfastError, toHoldfastError } from '@holdfast/media-server/protocol/index.ts';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type MachinePlan, planMachine, secretNames } from './machine-plan.ts';
import { type Kept, kept, madeUp, type SecretKind } from './machine-secrets.ts';
import type { MachineServices } from './machine-services.ts';

export interface MachineSystem {
  /** Writes the files, and lets systemd run the units and no others of ours. */
  carryOut(plan: MachinePlan): Promise<void>;
}

export interface PrepareMachineOptions {
  readonly services: MachineServices;
  readonly system: MachineSystem;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborts when the machine is told to stop. */
  readonly signal: AbortSignal;
}

/** Before what the cloud does not answer, or does not have yet, is asked for again, ms. */
const RETRY_MS = 2000;

/**
 * From what a machine was launched as to its processes. What the cloud does not answer is asked for until it does: a machine
 * that gives up is one that somebody must look after. Rejects when the launch description asks for what cannot be.
 */
export async function prepareMachine(
  launch: LaunchDescription,
  options: PrepareMachineOptions,
): Promise<MachinePlan> {
  const { services, system, log } = options;
  const { controlPlane, cloud, home } = launch;
  const insist = <T>(what: string, ask: () => Promise<T>) => persist(what, ask, options);

  const address =
    cloud.fixedAddresses.length === 0
      ? undefined
      : await insist('a fixed address', () => services.takeAddress(cloud.fixedAddresses));
  const found = await insist('the facts', () => services.facts());
  // The metadata may be a moment late to tell of an address that has only just been taken.
  const facts = address === undefined ? found : { ...found, publicAddresses: [address] };
  const names = secretNames(launch);
  const secret = async <T>(kind: SecretKind, schema: z.ZodType<T>): Promise<T | undefined> => {
    const name = names.get(kind);
    if (name === undefined) return undefined;
    const ask = () => readSecret(services, kind, name, controlPlane !== undefined);
    return parsedSecret(schema, name, await insist(`the secret ${name}`, ask));
  };
  const secrets: Kept = {
    cluster: await secret('cluster', kept.cluster),
    own: await secret('own', kept.own),
    turn: await secret('turn', kept.turn),
  };
  const fleetWorkers = controlPlane
    ? await insist('the workers of the fleet', () => services.workersOf(controlPlane.fleet.machineType))
    : undefined;
  const plan = planMachine(launch, { facts, secrets, fleetWorkers });
  await system.carryOut(plan);
  // Last: whoever comes by this name must find somebody.
  if (controlPlane)
    await insist('the private name', () =>
      services.keepName(controlPlane.zone, home.privateName, facts.privateAddress),
    );
  log.info({ nodeId: facts.nodeId, units: plan.units }, 'boot.done');
  return plan;
}

/** The first control plane makes up what nobody has made up yet; all others wait for it. */
async function readSecret(
  services: MachineServices,
  kind: SecretKind,
  name: string,
  mayMakeUp: boolean,
): Promise<string> {
  const present = await services.secret(name);
  if (present !== undefined) return present;
  if (mayMakeUp) return services.makeSecret(name, madeUp(kind));
  throw new HoldfastError('NOT_READY', 'no control plane has made it up yet');
}

function parsedSecret<T>(schema: z.ZodType<T>, name: string, text: string): T {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw new ConfigError(`the secret ${name} is no JSON`);
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new ConfigError(`the secret ${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

async function persist<T>(
  what: string,
  ask: () => Promise<T>,
  { clock, signal, log }: PrepareMachineOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof ConfigError || signal.aborted) throw error;
      const { code, message } = toHoldfastError(error);
      log.warn({ what, attempt, code, message }, 'boot.waits');
    }
    await pause(clock, RETRY_MS, signal);
    signal.throwIfAborted();
  }
}
