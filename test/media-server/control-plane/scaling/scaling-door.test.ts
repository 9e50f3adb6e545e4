import { ControlPlaneLink } from '@holdfast/lifecycle-hooks/autoscaler/control-plane-link.ts';
import { systemClock } from '@holdfast/media-server/process/clock.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leaseContract } from '../../../lifecycle-hooks/autoscaler/lease-contract.ts';
import { Platform, secrets } from '../platform.ts';

const linkTo = (
  { controlPlane }: Platform,
  token = secrets.HOLDFAST_SCALING_TOKEN,
  path = '/internal/scaling',
) =>
  new ControlPlaneLink({
    urls: [`ws://127.0.0.1:${controlPlane.internalPort}${path}`],
    token,
    clock: systemClock,
  });

leaseContract('the control plane, over its channel', async () => {
  let nowMs = Date.now();
  const platform = await Platform.start({ clock: { ...systemClock, now: () => nowMs } });
  const link = linkTo(platform);
  return {
    lease: link,
    pass: (ms) => {
      nowMs += ms;
    },
    close: async () => {
      await link.close();
      await platform.close();
    },
  };
});

describe('the way in for autoscalers', () => {
  let platform: Platform;
  const links: ControlPlaneLink[] = [];
  const link = (...args: Parameters<typeof linkTo> extends [Platform, ...infer Rest] ? Rest : never) => {
    const made = linkTo(platform, ...args);
    links.push(made);
    return made;
  };
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(async () => {
    await Promise.all(links.splice(0).map((each) => each.close()));
    await platform.close();
  });

  it("is closed to a media node's credential, and the nodes' way in to the autoscaler's", async () => {
    const asNode = link(secrets.HOLDFAST_CLUSTER_TOKEN);
    await expect(asNode.take('a', 20_000)).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
    const amongNodes = link(secrets.HOLDFAST_SCALING_TOKEN, '/internal/nodes');
    await expect(amongNodes.take('a', 20_000)).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
  });

  it('shows what its nodes say of themselves, and drains them for the leader alone', async () => {
    const node = await platform.node('n1');
    await platform.participant('ada');
    await node.heartbeat();
    const leader = link();
    const { nodes, asOfMs } = await leader.observe();
    expect(nodes).toMatchObject([{ nodeId: 'n1', state: 'open', drain: 'active', drainedBy: null }]);
    expect(nodes[0]?.meetings.map(({ meetingId }) => meetingId)).toEqual(['m1']);
    expect(asOfMs).toBeLessThanOrEqual(Date.now());
    const lead = await leader.take('a', 20_000);
    if (!lead.held) throw new Error('a does not lead');
    const order = { operationId: 'o1', fence: lead.fence, reason: 'surplus' };
    await expect(leader.drain('n1', { ...order, fence: lead.fence + 1 })).rejects.toHaveProperty(
      'code',
      'LEASE_LOST',
    );
    expect(node.drain.state).toBe('active');
    await leader.drain('n1', order);
    expect(node.drain.state).not.toBe('active');
    await leader.cancelDrain('n1', order);
    expect(node.drain.state).toBe('active');
    await expect(leader.drain('n2', order)).rejects.toHaveProperty('code', 'NODE_UNKNOWN');
  });

  it('is not there in a control plane that has no secret for it', async () => {
    const without = await Platform.start({ secrets: { HOLDFAST_SCALING_TOKEN: undefined } });
    const nobody = linkTo(without);
    await expect(nobody.take('a', 20_000)).rejects.toHaveProperty('code', 'NODE_UNREACHABLE');
    await nobody.close();
    await without.close();
  });

  it('is dialled again when the control plane has come back, which then knows of no lease', async () => {
    const leader = link();
    const before = await leader.take('a', 20_000);
    await platform.stopControlPlane();
    await expect(leader.take('a', 20_000)).rejects.toHaveProperty('code');
    await platform.startControlPlaneAgain();
    const after = await leader.take('a', 20_000);
    if (!before.held || !after.held) throw new Error('a does not lead');
    expect(after.fence).toBeGreaterThan(before.fence);
    await expect(leader.write(before.fence, { id: 'j', sequence: 1, intent: null })).rejects.toHaveProperty(
      'code',
      'LEASE_LOST',
    );
  });
});
