import { type NodeAnswer, SocketNodeClient } from '@holdfast/lifecycle-hooks/agent/node-client.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** A machine whose drain socket is served. */
export interface DrainedMachine {
  readonly nodeId: string;
  readonly socketPath: string;
  readonly healthUrl: string;
  /** So many things hold it from now on; 0: it is empty, and says so. */
  hold(count: number): void;
  close(): Promise<void>;
}

/** What a drain agent relies on, asked for through its own client: real machines and the fake of the agent's tests keep it. */
export function describeDrainSocket(name: string, start: () => Promise<DrainedMachine>): void {
  describe(`the drain socket of ${name}`, () => {
    let machine: DrainedMachine;
    let client: SocketNodeClient;
    beforeEach(async () => {
      machine = await start();
      client = new SocketNodeClient(machine);
    });
    afterEach(() => machine.close());

    const answered = async (asking: Promise<NodeAnswer>) => {
      const answer = await asking;
      if (answer.kind !== 'answered') throw new Error(`${answer.kind}: ${answer.message}`);
      return answer.status;
    };
    const status = () => answered(client.status(2000));
    const notice = (noticeId: string, withinMs?: number) =>
      answered(
        client.drain({ noticeId, kind: 'spot', ...(withinMs === undefined ? {} : { withinMs }) }, 2000),
      );
    const cancel = (noticeId?: string) => client.cancel(noticeId, 2000);
    const release = (force = false) => client.release(force, 2000);

    it('says which machine it is, what its role is and what holds it', async () => {
      machine.hold(2);
      const { nodeId, role, state, holds } = await status();
      expect({ nodeId, state, holds }).toEqual({ nodeId: machine.nodeId, state: 'active', holds: 2 });
      expect(['media', 'turn']).toContain(role);
    });

    it('is drained when nothing holds it any more, and draining again when something does', async () => {
      machine.hold(1);
      expect(await notice('a')).toMatchObject({ state: 'draining', holds: 1 });
      machine.hold(0);
      expect(await status()).toMatchObject({ state: 'drained', holds: 0 });
      machine.hold(1);
      expect(await status()).toMatchObject({ state: 'draining', holds: 1 });
    });

    it('takes the same notice twice for one, with its newest time', async () => {
      machine.hold(1);
      await notice('a', 60_000);
      expect(await notice('a', 90_000)).toMatchObject({ state: 'draining', remainingMs: 90_000 });
      expect(await answered(cancel('a'))).toMatchObject({ state: 'active' });
    });

    it('heeds the earliest time of several notices, and stays draining until all are taken back', async () => {
      machine.hold(1);
      await notice('a', 60_000);
      await notice('b', 30_000);
      expect(await status()).toMatchObject({ remainingMs: 30_000 });
      expect(await answered(cancel('b'))).toMatchObject({ state: 'draining', remainingMs: 60_000 });
      expect(await answered(cancel())).toMatchObject({ state: 'active' });
      expect((await status()).remainingMs).toBeUndefined();
    });

    it('is not released while it is active, nor while something holds it', async () => {
      expect(await release()).toMatchObject({ kind: 'refused', code: 'CONFLICT' });
      expect(await release(true)).toMatchObject({ kind: 'refused', code: 'CONFLICT' });
      machine.hold(1);
      await notice('a');
      expect(await release()).toMatchObject({ kind: 'refused', code: 'CONFLICT' });
      expect(await status()).toMatchObject({ state: 'draining' });
    });

    it('is released when it is empty; after that nothing is taken back', async () => {
      await notice('a');
      expect(await answered(release())).toMatchObject({ state: 'released' });
      expect(await answered(release())).toMatchObject({ state: 'released' });
      expect(await cancel('a')).toMatchObject({ kind: 'refused', code: 'DRAIN_RELEASED' });
      expect(await cancel()).toMatchObject({ kind: 'refused', code: 'DRAIN_RELEASED' });
      expect(await notice('b')).toMatchObject({ state: 'released' });
    });

    it('is released over what holds it by force alone', async () => {
      machine.hold(1);
      await notice('a');
      expect(await answered(release(true))).toMatchObject({ state: 'released', holds: 1 });
    });

    it('refuses what is no notice, and drains nothing for it', async () => {
      const nothing = client.drain({ noticeId: '', kind: 'spot' }, 2000);
      expect(await nothing).toMatchObject({ kind: 'refused', code: 'BAD_REQUEST' });
      expect(await status()).toMatchObject({ state: 'active' });
    });
  });
}
