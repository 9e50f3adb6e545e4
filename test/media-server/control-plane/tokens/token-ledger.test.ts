import { MemoryStore } from '@holdfast/media-server/control-plane/store/memory-store.ts';
import { TokenLedger } from '@holdfast/media-server/control-plane/tokens/token-ledger.ts';
import { Tokens } from '@holdfast/media-server/control-plane/tokens/tokens.ts';
import { beforeEach, describe, expect, it } from 'vitest';

const grant = { meetingId: 'm1', participantId: 'ada', displayName: 'Ada' };
const refused = expect.objectContaining({ code: 'UNAUTHENTICATED' });

let nowMs: number;
let tokens: Tokens;
let ledger: TokenLedger;
let replica: TokenLedger;

beforeEach(() => {
  nowMs = 1_800_000_000_000;
  const now = () => nowMs;
  const { usedTokens, resumeTurns, revocations } = new MemoryStore(now);
  tokens = new Tokens('a key of thirty-two bytes or more', now);
  ledger = new TokenLedger({ tokens, usedTokens, resumeTurns, revocations, now });
  replica = new TokenLedger({ tokens, usedTokens, resumeTurns, revocations, now });
});

describe("a participant's token", () => {
  it('lets in once, at whichever replica', async () => {
    const { token } = await tokens.participant(grant, 600);
    expect(await ledger.enter(token)).toMatchObject(grant);
    await expect(ledger.enter(token)).rejects.toEqual(refused);
    await expect(replica.enter(token)).rejects.toThrow('used already');
  });

  it('lets in one of several who come with it at once', async () => {
    const { token } = await tokens.participant(grant, 600);
    const results = await Promise.allSettled([
      ledger.enter(token),
      replica.enter(token),
      ledger.enter(token),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('may be tried again when nobody was let in', async () => {
    const { token } = await tokens.participant(grant, 600);
    await ledger.giveBack(await ledger.enter(token));
    expect(await ledger.enter(token)).toMatchObject(grant);
  });

  it('is void when its participant was removed since, and a fresh one is good', async () => {
    const before = await tokens.participant(grant, 600);
    const other = await tokens.participant({ ...grant, participantId: 'ben' }, 600);
    await ledger.revoke('m1', 'ada');
    await expect(replica.enter(before.token)).rejects.toThrow('revoked');
    expect(await ledger.enter(other.token)).toMatchObject({ participantId: 'ben' });
    nowMs += 1;
    expect(await ledger.enter((await tokens.participant(grant, 600)).token)).toMatchObject(grant);
  });

  it('is void when its meeting was ended since', async () => {
    const { token } = await tokens.participant(grant, 600);
    await ledger.revoke('m1');
    await expect(ledger.enter(token)).rejects.toThrow('revoked');
  });
});

describe('resume tokens', () => {
  const session = { ...grant, sessionId: 's1' };

  it('follow one another, and the one before stays good until the next was used: an answer may be lost', async () => {
    const first = await ledger.next({ ...session, turn: 0 });
    const second = await ledger.next(await ledger.resume(first));
    // The answer with the second one was lost: the client comes with the first one again.
    const again = await ledger.next(await replica.resume(first));
    await ledger.resume(again);
    await expect(replica.resume(first)).rejects.toThrow('newer one');
    expect(await ledger.resume(second)).toMatchObject({ sessionId: 's1', turn: 2 });
  });

  it('of somebody who was removed are void', async () => {
    const token = await ledger.next({ ...session, turn: 0 });
    await ledger.revoke('m1', 'ada');
    await expect(ledger.resume(token)).rejects.toThrow('revoked');
  });
});
