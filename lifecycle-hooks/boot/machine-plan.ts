import type { LaunchDescription, NodeConfigInput } from '@holdfast/media-server/config/index.ts';
import type { MachineFacts } from '@holdfast/media-server/machine/machine-facts.ts';
import type { Kept, SecretKind } from './machine-secrets.ts';

/** Where things are on a machine. */
export const places = {
  configuration: '/etc/holdfast',
  secrets: '/run/holdfast',
  release: '/opt/holdfast/current',
  mediaNode: '/run/holdfast-media-node',
  turnServer: '/run/holdfast-turn-server',
  /** A boot empties it, and what was heard of a termination is of one boot. */
  agentMemory: '/run/holdfast-drain-agent',
} as const;

const LOOPBACK = '127.0.0.1';
/** Asked by nobody but this machine. */
const probePorts = { drainAgent: 8446, turnServer: 8447, autoscaler: 8448 } as const;

export interface PlannedFile {
  readonly path: string;
  /** In memory only, and read by Holdfast's own user alone. */
  readonly secret: boolean;
  readonly text: string;
}

export interface MachinePlan {
  readonly files: readonly PlannedFile[];
  /** What systemd is to run, by name. */
  readonly units: readonly string[];
}

/** What only the cloud knows, and was asked. */
export interface Asked {
  readonly facts: MachineFacts;
  readonly secrets: Kept;
  /** mediasoup workers of a machine of the fleet that this machine's autoscaler drives. */
  readonly fleetWorkers: number | undefined;
}

interface Process {
  readonly name: string;
  readonly config: NodeConfigInput;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Which secrets this machine's parts need, and under which names they are kept. */
export function secretNames({
  controlPlane,
  mediaNode,
  turnServer,
}: LaunchDescription): ReadonlyMap<SecretKind, string> {
  const names: Partial<Record<SecretKind, string>> = {
    ...turnServer?.secrets,
    ...mediaNode?.secrets,
    ...controlPlane?.secrets,
  };
  const kinds: readonly SecretKind[] = ['cluster', 'own', 'turn'];
  return new Map(
    kinds.flatMap((kind) => {
      const name = names[kind];
      return name === undefined ? [] : [[kind, name] as const];
    }),
  );
}

/** What this machine is told, as files and units. Pure: the same in, the same out. */
export function planMachine(launch: LaunchDescription, asked: Asked): MachinePlan {
  const processes = [
    controlPlane(launch, asked),
    autoscaler(launch, asked),
    mediaNode(launch, asked),
    turnServer(launch, asked),
    drainAgent(launch, asked),
  ].filter((process) => process !== undefined);
  return {
    files: [
      json('machine', asked.facts),
      ...(sharesMachine(launch) ? [json('turn-machine', turnFacts(asked.facts))] : []),
      ...processes.flatMap(({ name, config, environment }) => [
        json(name, config),
        variables(name, environment),
      ]),
    ],
    units: processes.map(({ name }) => `holdfast-${name}.service`),
  };
}

const machine = { from: 'file', path: `${places.configuration}/machine.json` } as const;

function controlPlane({ controlPlane: part, home }: LaunchDescription, asked: Asked): Process | undefined {
  if (!part) return undefined;
  const { facts, secrets } = asked;
  const { entrance, limits } = part;
  return {
    name: 'control-plane',
    config: {
      role: 'control-plane',
      replicaId: facts.nodeId,
      http: { host: '0.0.0.0', port: part.webPort, trustedProxies: entrance.trustedProxies },
      internal: { host: facts.privateAddress, port: home.internalPort },
      webRoot: `${places.release}/web`,
      limits,
      hostNames: entrance.host === undefined ? [] : [entrance.host],
    },
    environment: {
      ...clusterToken(secrets),
      HOLDFAST_SIGNING_KEY: secrets.own?.signingKey,
      HOLDFAST_OPERATOR_TOKEN: secrets.own?.operatorToken,
      HOLDFAST_API_KEY: secrets.own?.apiKey,
      HOLDFAST_SCALING_TOKEN: secrets.own?.scalingToken,
      HOLDFAST_TURN_SECRET: secrets.turn?.secret,
    },
  };
}

/** Beside the control plane, not in it: who serves the public must not be able to end machines. */
function autoscaler(launch: LaunchDescription, { secrets, fleetWorkers }: Asked): Process | undefined {
  const { controlPlane: part, cloud } = launch;
  if (!part || fleetWorkers === undefined) return undefined;
  const { group, min, max, machineType } = part.fleet;
  return {
    name: 'autoscaler',
    config: {
      role: 'autoscaler',
      http: { host: LOOPBACK, port: probePorts.autoscaler },
      controlPlane: { urls: [internalUrl(launch, 'scaling')] },
      fleet: { kind: 'aws', region: cloud.region, group, machine: { type: machineType } },
      policy: { minNodes: min, maxNodes: max, choices: [{ machineType, workers: fleetWorkers }] },
    },
    environment: { HOLDFAST_SCALING_TOKEN: secrets.own?.scalingToken },
  };
}

function mediaNode(launch: LaunchDescription, { facts, secrets }: Asked): Process | undefined {
  const part = launch.mediaNode;
  if (!part) return undefined;
  return {
    name: 'media-node',
    config: {
      role: 'media-node',
      machine,
      rpc: { host: facts.privateAddress, port: part.rpcPort },
      drainSocket: `${places.mediaNode}/drain.sock`,
      controlPlane: { urls: [internalUrl(launch, 'nodes')] },
      media: {
        listenIp: facts.privateAddress,
        port: part.firstPort,
        ...(part.workers === undefined ? {} : { workers: part.workers }),
      },
    },
    environment: {
      ...clusterToken(secrets),
      MEDIASOUP_WORKER_BIN: `${places.release}/bin/mediasoup-worker`,
    },
  };
}

function turnServer(launch: LaunchDescription, { facts, secrets }: Asked): Process | undefined {
  const part = launch.turnServer;
  if (!part) return undefined;
  return {
    name: 'turn-server',
    config: {
      role: 'turn-server',
      machine: sharesMachine(launch)
        ? { ...machine, path: `${places.configuration}/turn-machine.json` }
        : machine,
      http: { host: LOOPBACK, port: probePorts.turnServer },
      drainSocket: `${places.turnServer}/drain.sock`,
      controlPlane: { urls: [internalUrl(launch, 'nodes')] },
      turn: {
        realm: part.realm,
        listenIp: facts.privateAddress,
        port: part.port,
        relayPorts: part.relayPorts,
        // Where it shares its machine with a media node, the relay speaks to that by the private address.
        allowedPeers: sharesMachine(launch) ? [facts.privateAddress] : [],
        program: `${places.release}/bin/turnserver`,
      },
      workDirectory: `${places.turnServer}/coturn`,
    },
    environment: {
      ...clusterToken(secrets),
      HOLDFAST_TURN_SECRET: secrets.turn?.secret,
      HOLDFAST_TURN_SECRET_OTHER: secrets.turn?.other,
    },
  };
}

/** In phase `single` one machine does it all. */
function sharesMachine({ mediaNode: media, turnServer: turn }: LaunchDescription): boolean {
  return media !== undefined && turn !== undefined;
}

/** Two that the control plane knows by one name would take each other's place. The machine's own is the media node's. */
function turnFacts(facts: MachineFacts): MachineFacts {
  return { ...facts, nodeId: `${facts.nodeId}.turn` };
}

/** Of the machine's media node, or else of its TURN server: one hook holds a machine, and one agent lets it go. */
function drainAgent(launch: LaunchDescription, { facts }: Asked): Process | undefined {
  const { cloud, mediaNode: media, turnServer: turn } = launch;
  const { drainHook: hook } = cloud;
  if (!hook || !(media ?? turn)) return undefined;
  const home = media ? places.mediaNode : places.turnServer;
  const health = media
    ? `http://${facts.privateAddress}:${media.rpcPort}/healthz`
    : `http://${LOOPBACK}:${probePorts.turnServer}/healthz`;
  return {
    name: 'drain-agent',
    config: {
      role: 'drain-agent',
      machine,
      drainSocket: `${home}/drain.sock`,
      nodeHealthUrl: health,
      http: { host: LOOPBACK, port: probePorts.drainAgent },
      cloud: {
        kind: 'aws',
        region: cloud.region,
        group: cloud.group,
        hook: hook.name,
        heartbeatTimeoutMs: hook.heartbeatSeconds * 1000,
        memoryFile: `${places.agentMemory}/termination.json`,
      },
    },
    environment: {},
  };
}

function internalUrl({ home }: LaunchDescription, door: 'nodes' | 'scaling'): string {
  return `ws://${home.privateName}:${home.internalPort}/internal/${door}`;
}

function clusterToken({ cluster }: Kept) {
  return { HOLDFAST_CLUSTER_TOKEN: cluster?.clusterToken };
}

function json(name: string, value: object): PlannedFile {
  const path = `${places.configuration}/${name}.json`;
  return { path, secret: false, text: `${JSON.stringify(value, null, 2)}\n` };
}

function variables(name: string, environment: Process['environment']): PlannedFile {
  const lines = Object.entries(environment).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}\n`],
  );
  return { path: `${places.secrets}/${name}.env`, secret: true, text: lines.join('') };
}
