import { planMachine, secretNames } from '@holdfast/lifecycle-hooks/boot/machine-plan.ts';
import { kept, madeUp } from '@holdfast/lifecycle-hooks/boot/machine-secrets.ts';
import {
  autoscalerSecrets,
  clusterSecrets,
  controlPlaneSecrets,
  type LaunchDescription,
  nodeConfig,
  turnServerSecrets,
} from '@holdfast/media-server/config/index.ts';
import { describe, expect, it } from 'vitest';
import { controlPlanePart, launchOf, mediaNodePart, someFacts, turnServerPart } from './launches.ts';

const secrets = {
  cluster: kept.cluster.parse(JSON.parse(madeUp('cluster'))),
  own: kept.own.parse(JSON.parse(madeUp('own'))),
  turn: kept.turn.parse(JSON.parse(madeUp('turn'))),
};
const plan = (launch: LaunchDescription) =>
  planMachine(launch, { facts: someFacts, secrets, fleetWorkers: 4 });
const units = (launch: LaunchDescription) =>
  plan(launch).units.map((unit) => unit.slice('holdfast-'.length, -'.service'.length));

const everything = launchOf({
  controlPlane: controlPlanePart,
  mediaNode: mediaNodePart,
  turnServer: turnServerPart,
});

function config(launch: LaunchDescription, name: string) {
  const file = plan(launch).files.find(({ path }) => path === `/etc/holdfast/${name}.json`);
  return nodeConfig.parse(JSON.parse(file?.text ?? 'null'));
}
function variables(launch: LaunchDescription, name: string): Record<string, string> {
  const file = plan(launch).files.find(({ path }) => path === `/run/holdfast/${name}.env`);
  return Object.fromEntries(
    (file?.text ?? '')
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  );
}

describe('the processes of a machine', () => {
  it('are those of its parts, and an agent where something has to be drained', () => {
    expect(units(launchOf({ mediaNode: mediaNodePart }))).toEqual(['media-node', 'drain-agent']);
    expect(units(launchOf({ turnServer: turnServerPart }))).toEqual(['turn-server', 'drain-agent']);
    expect(units(launchOf({ controlPlane: controlPlanePart }))).toEqual(['control-plane', 'autoscaler']);
    expect(units(everything)).toEqual([
      'control-plane',
      'autoscaler',
      'media-node',
      'turn-server',
      'drain-agent',
    ]);
  });

  it('have no agent where AWS holds no termination back', () => {
    expect(units(launchOf({ mediaNode: mediaNodePart }, { drainHook: undefined }))).toEqual(['media-node']);
  });

  it('are each told what its own schema takes', () => {
    for (const name of ['control-plane', 'autoscaler', 'media-node', 'turn-server', 'drain-agent'])
      expect(config(everything, name).role).toBe(name);
  });

  it('find each other: agent and node, node and control plane, autoscaler and group', () => {
    expect(config(everything, 'media-node')).toMatchObject({
      rpc: { host: '10.40.1.5', port: 8445 },
      controlPlane: { urls: ['ws://control-plane.holdfast.internal:8444/internal/nodes'] },
      drainSocket: '/run/holdfast-media-node/drain.sock',
    });
    expect(config(everything, 'drain-agent')).toMatchObject({
      drainSocket: '/run/holdfast-media-node/drain.sock',
      nodeHealthUrl: 'http://10.40.1.5:8445/healthz',
      cloud: { group: 'holdfast-media', hook: 'holdfast-drain', heartbeatTimeoutMs: 300_000 },
    });
    expect(config(launchOf({ turnServer: turnServerPart }), 'drain-agent')).toMatchObject({
      drainSocket: '/run/holdfast-turn-server/drain.sock',
      nodeHealthUrl: 'http://127.0.0.1:8447/healthz',
    });
    expect(config(everything, 'control-plane')).toMatchObject({
      internal: { host: '10.40.1.5', port: 8444 },
    });
    expect(config(everything, 'autoscaler')).toMatchObject({
      fleet: { group: 'holdfast-media', machine: { type: 'c7i.xlarge' } },
      policy: { minNodes: 1, maxNodes: 10, choices: [{ machineType: 'c7i.xlarge', workers: 4 }] },
    });
  });

  it('are two to the control plane where a media node and a TURN server share a machine', () => {
    expect(config(everything, 'turn-server')).toMatchObject({
      machine: { from: 'file', path: '/etc/holdfast/turn-machine.json' },
    });
    const written = plan(everything).files.find(({ path }) => path.endsWith('/turn-machine.json'));
    expect(JSON.parse(written?.text ?? '')).toEqual({ ...someFacts, nodeId: `${someFacts.nodeId}.turn` });
    const alone = launchOf({ turnServer: turnServerPart });
    expect(config(alone, 'turn-server')).toMatchObject({ machine: { path: '/etc/holdfast/machine.json' } });
  });

  it('find out what machine they are on from what the boot wrote down', () => {
    const written = plan(everything).files.find(({ path }) => path === '/etc/holdfast/machine.json');
    expect(JSON.parse(written?.text ?? '')).toEqual(someFacts);
    expect(config(everything, 'media-node')).toMatchObject({
      machine: { from: 'file', path: '/etc/holdfast/machine.json' },
    });
  });
});

describe('the secrets of a machine', () => {
  it('are those that each process takes, and no more than it takes', () => {
    expect(controlPlaneSecrets.strict().safeParse(variables(everything, 'control-plane')).success).toBe(true);
    expect(autoscalerSecrets.strict().safeParse(variables(everything, 'autoscaler')).success).toBe(true);
    expect(turnServerSecrets.strict().safeParse(variables(everything, 'turn-server')).success).toBe(true);
    const { MEDIASOUP_WORKER_BIN: _, ...media } = variables(everything, 'media-node');
    expect(clusterSecrets.strict().safeParse(media).success).toBe(true);
    expect(variables(everything, 'drain-agent')).toEqual({ '': undefined });
  });

  it('are in no file but those of memory', () => {
    const values = [...Object.values(secrets.own), secrets.cluster.clusterToken, secrets.turn.secret];
    for (const { path, secret, text } of plan(everything).files) {
      expect(secret).toBe(path.startsWith('/run/holdfast/'));
      if (!secret) for (const value of values) expect(text).not.toContain(value);
    }
  });

  it('are fetched for its parts alone', () => {
    expect([...secretNames(launchOf({ mediaNode: mediaNodePart }))]).toEqual([['cluster', 'cluster']]);
    expect([...secretNames(everything).keys()]).toEqual(['cluster', 'own', 'turn']);
  });

  it('are made up differently each time', () => {
    expect(madeUp('own')).not.toBe(madeUp('own'));
    expect(new Set(Object.values(secrets.own)).size).toBe(4);
  });
});
