import { deadlineAtMs } from '@holdfast/lifecycle-hooks/clouds/deadline.ts';
import { HoldfastError } from '@holdfast/media-server/protocol/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settle } from '../../../media-server/process/manual-clock.ts';
import { known } from '../../notices.ts';
import { LocalCloudFixture } from './local-cloud-fixture.ts';

const conflict = expect.objectContaining({ code: 'CONFLICT' });
const refused = expect.objectContaining({ code: 'CLOUD_REFUSED' });

describe('local cloud', { timeout: 20_000 }, () => {
  let fixture: LocalCloudFixture;

  beforeEach(async () => {
    fixture = await new LocalCloudFixture({ hook: { timeoutMs: 60_000, limitMs: 150_000 } }).running(2);
  });
  afterEach(() => fixture.close());

  const node1 = () => fixture.machines.mediaNode('node-1');

  describe('the termination hook', () => {
    it('holds the machine until its notice is completed, and ends it then', async () => {
      const { notice, gone, ended } = fixture.cloud.terminate('node-1');
      await fixture.clock.advance(59_999);
      expect(node1().running).toBe(true);
      await fixture.noticeSource('node-1').complete(notice);
      await gone;
      expect(node1().signals).toEqual(['SIGTERM']);
      expect(await ended).toMatchObject({ how: 'completed' });
      expect(fixture.ids()).toEqual(['node-2']);
    });

    it('holds the machine until its deadline when nobody completes, and no longer', async () => {
      const { gone, ended, notice } = fixture.cloud.terminate('node-1');
      await fixture.clock.advance(59_999);
      expect(node1().running).toBe(true);
      await fixture.clock.advance(1);
      await gone;
      expect(await ended).toEqual({ how: 'deadline', atMs: deadlineAtMs(notice.deadline) });
    });

    it('can be extended, up to its limit', async () => {
      const source = fixture.noticeSource('node-1');
      const { notice } = fixture.cloud.terminate('node-1');
      const beginMs = fixture.clock.now();
      await fixture.clock.advance(50_000);
      const once = await source.extend(notice);
      expect(once).toMatchObject({ deadline: known(beginMs + 110_000), canExtend: true });
      await fixture.clock.advance(59_000);
      const twice = await source.extend(once);
      expect(twice).toMatchObject({ deadline: known(beginMs + 150_000), canExtend: false });
      await expect(source.extend(twice)).rejects.toEqual(refused);
      await fixture.clock.advance(40_999);
      expect(node1().running).toBe(true);
      await fixture.clock.advance(1);
      await fixture.until('the end', () => !node1().running);
    });

    it('stops the media node first, kills it when it does not end, and stops the agent last', async () => {
      node1().obeys = false;
      const { notice, gone } = fixture.cloud.terminate('node-1');
      await fixture.noticeSource('node-1').complete(notice);
      await fixture.clock.advance(4999);
      expect(node1().signals).toEqual(['SIGTERM']);
      expect(fixture.machines.agent('node-1').running).toBe(true);
      await fixture.clock.advance(1);
      await gone;
      expect(node1().signals).toEqual(['SIGTERM', 'SIGKILL']);
      expect(fixture.machines.agent('node-1').signals).toEqual(['SIGTERM']);
    });

    it('keeps the machine when the notice is withdrawn, and wants it again', async () => {
      const { notice, ended } = fixture.cloud.terminate('node-1');
      expect(fixture.cloud.describe().wanted).toBe(1);
      fixture.cloud.withdraw(notice.id);
      expect(await ended).toMatchObject({ how: 'withdrawn' });
      await fixture.clock.advance(600_000);
      expect(fixture.cloud.describe()).toMatchObject({ wanted: 2 });
      expect(fixture.states()).toEqual(['running', 'running']);
    });

    it('cannot be withdrawn when the machine is going already', async () => {
      const { notice, gone } = fixture.cloud.terminate('node-1');
      node1().obeys = false;
      await fixture.noticeSource('node-1').complete(notice);
      expect(() => fixture.cloud.withdraw(notice.id)).toThrow(conflict);
      node1().signal('SIGKILL');
      await gone;
    });

    it('is one and the same however often the machine is terminated', () => {
      const first = fixture.cloud.terminate('node-1');
      const second = fixture.cloud.terminate('node-1', { kind: 'operator' });
      expect(second.notice).toEqual(first.notice);
      expect(fixture.cloud.describe().wanted).toBe(1);
    });

    it('launches another machine at once when as many are wanted as before', async () => {
      fixture.cloud.terminate('node-1', { kind: 'replacement' });
      await fixture.until(
        'the other machine',
        () => fixture.states().includes('running') && fixture.ids().length === 3,
      );
      expect(fixture.cloud.describe().wanted).toBe(2);
    });
  });

  describe('a preemption', () => {
    it('can be neither extended nor completed, and cuts the power at its deadline', async () => {
      const source = fixture.noticeSource('node-1');
      const { notice, gone } = fixture.cloud.terminate('node-1', { kind: 'spot', timeoutMs: 30_000 });
      await expect(source.extend(notice)).rejects.toEqual(refused);
      await expect(source.complete(notice)).rejects.toEqual(refused);
      await fixture.clock.advance(29_999);
      expect(node1().running).toBe(true);
      await fixture.clock.advance(1);
      await gone;
      expect(node1().signals).toEqual(['SIGKILL']);
    });

    it('overrides a termination hook that holds', async () => {
      fixture.cloud.terminate('node-1');
      fixture.cloud.terminate('node-1', { kind: 'spot', timeoutMs: 30_000 });
      await fixture.clock.advance(30_000);
      await fixture.until('the end', () => !node1().running);
    });

    it('gives 120 seconds unless told otherwise', () => {
      const { notice } = fixture.cloud.terminate('node-1', { kind: 'spot' });
      expect(notice.deadline).toEqual(known(fixture.clock.now() + 120_000));
    });
  });

  describe('a crash', () => {
    it('is seen and reported, and the agent stays', async () => {
      node1().end({ code: 1, signal: null });
      await settle();
      expect(fixture.states()).toEqual(['failed', 'running']);
      expect(fixture.events).toContainEqual({
        type: 'crashed',
        memberId: 'node-1',
        end: { code: 1, signal: null },
        killed: false,
      });
      expect(fixture.machines.agent('node-1').running).toBe(true);
    });

    it('is told apart from a kill that was asked for', async () => {
      await fixture.cloud.kill('node-1');
      await settle();
      expect(fixture.events).toContainEqual(expect.objectContaining({ type: 'crashed', killed: true }));
    });

    it('gets the machine replaced, after the time that health checks take, through a notice like any other', async () => {
      await fixture.cloud.kill('node-1');
      await fixture.clock.advance(9999);
      expect(fixture.ids()).toEqual(['node-1', 'node-2']);
      await fixture.clock.advance(1);
      expect(fixture.ids()).toEqual(['node-1', 'node-2', 'node-3']);
      expect(fixture.events).toContainEqual(
        expect.objectContaining({ type: 'notice', notice: expect.objectContaining({ kind: 'replacement' }) }),
      );
    });

    it('in the middle of a termination leaves the hook to the agent', async () => {
      const { notice, gone } = fixture.cloud.terminate('node-1');
      await fixture.cloud.kill('node-1');
      await fixture.clock.advance(20_000);
      expect(fixture.states()).toEqual(['leaving', 'running']);
      await fixture.noticeSource('node-1').complete(notice);
      await gone;
      expect(fixture.ids()).toEqual(['node-2']);
    });

    it('of an agent gets it started again', async () => {
      const first = fixture.machines.agent('node-1');
      first.end({ code: 1, signal: null });
      await fixture.until('the new agent', () => fixture.machines.agent('node-1') !== first);
      expect(fixture.machines.agent('node-1').running).toBe(true);
      expect(fixture.states()).toEqual(['running', 'running']);
    });
  });

  describe('a launch', () => {
    it('that fails is reported and tried again', async () => {
      fixture.machines.failures = 2;
      fixture.cloud.grow({ to: 3, operationId: 'more' });
      await fixture.until(
        'the third machine',
        () => fixture.states().filter((state) => state === 'running').length === 3,
      );
      expect(fixture.events.filter(({ type }) => type === 'launch-failed')).toHaveLength(2);
    });

    it('under way when its machine is given notice and let go leaves nothing', async () => {
      fixture.machines.gate = new Promise(() => {});
      fixture.cloud.grow({ to: 3, operationId: 'more' });
      await fixture.until('the launch', () => fixture.machines.specs.has('node-3'));
      const { notice, gone } = fixture.cloud.terminate('node-3');
      await fixture.noticeSource('node-3').complete(notice);
      await gone;
      expect(fixture.ids()).toEqual(['node-1', 'node-2']);
      expect(fixture.machines.agent('node-3').running).toBe(false);
      expect(fixture.events.map(({ type }) => type)).not.toContain('launch-failed');
    });
  });

  it('has another minimum from when it is set: nothing is released below it, and nothing launched for it', () => {
    fixture.cloud.limit(2);
    expect(fixture.cloud.describe()).toMatchObject({
      limits: { min: 2 },
      members: [{ releasable: { ok: false } }, { releasable: { ok: false } }],
    });
    expect(() => fixture.cloud.release('node-1')).toThrow(refused);
    fixture.cloud.limit(3);
    expect(fixture.cloud.describe()).toMatchObject({ wanted: 2, limits: { min: 3 } });
    fixture.cloud.limit(1);
    fixture.cloud.release('node-1');
    expect(fixture.cloud.describe().wanted).toBe(1);
    for (const min of [-1, 0.5, 17]) {
      expect(() => fixture.cloud.limit(min)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
    }
  });

  it('refuses to terminate what it does not have', () => {
    expect(() => fixture.cloud.terminate('node-9')).toThrow(HoldfastError);
  });

  it('ends every process and timer when it is closed, whatever is under way', async () => {
    fixture.cloud.terminate('node-1');
    await fixture.cloud.kill('node-2');
    await fixture.cloud.close();
    await fixture.cloud.close();
    const processes = [...fixture.machines.mediaNodes.values(), ...fixture.machines.agents.values()];
    expect(processes.filter(({ running }) => running)).toEqual([]);
    expect(fixture.clock.pendingTimers).toBe(0);
    expect(fixture.cloud.describe().members).toEqual([]);
  });
});
