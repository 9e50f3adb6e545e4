import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { gatewayContract, openJoin } from '@holdfast/media-server/protocol/index.ts';
import fc from 'fast-check';
import { attackerAddress } from './addresses.ts';
import { AnonymousCrowd } from './anonymous-crowd.ts';
import { type AttackerReport, type AttackOrder, attackOrder, count, emptyTally, total } from './attack.ts';
import { HostileParticipant } from './hostile-participant.ts';
import type { Move } from './move.ts';
import { movesFrom } from './moves.ts';
import { mutated } from './mutations.ts';
import { post } from './post.ts';
import { arbitraryOf } from './schema-arbitrary.ts';

// The attackers, in a process of their own: what they compute is no fault of those they attack. Attackers have machines of
// their own, so on this one they come last.
setPriority(19);

const TICK_MS = 50;
const REST_EVERY_MS = 250;
const PROGRESS_EVERY_MS = 2000;

const report = (message: AttackerReport) => process.send?.(message);

// Whoever started it is gone: nobody wants the attack any more.
process.once('disconnect', () => process.exit(0));
process.on('message', (message) => void attack(attackOrder.parse(message)));

async function attack(order: AttackOrder): Promise<void> {
  const { baseUrl, seed, durationMs } = order;
  const tally = emptyTally();
  const participant = new HostileParticipant({ ...order, tally, ...attackerAddress(0) });
  const crowd = new AnonymousCrowd(baseUrl, order.connections, tally);
  const beganAtMs = performance.now();
  const senders = [
    new Sender(
      movesFrom(gatewayContract, seed),
      order.participantMessages / durationMs,
      order.participantMessages,
      (move) => participant.play(move),
    ),
    new Sender(
      movesFrom(gatewayContract, seed + 1),
      order.anonymousMessages / durationMs,
      order.anonymousMessages,
      (move) => crowd.play(move),
    ),
  ];
  const rest = restBodies(seed + 2);
  let [restAtMs, progressAtMs, beforeMs] = [beganAtMs, beganAtMs, beganAtMs];
  for (;;) {
    await delay(TICK_MS);
    const nowMs = performance.now();
    participant.keepJoined(nowMs);
    crowd.keepOpen(nowMs);
    for (const sender of senders) sender.spend(nowMs - beforeMs);
    beforeMs = nowMs;
    if (nowMs - restAtMs > REST_EVERY_MS) {
      restAtMs = nowMs;
      const body = rest.next().value;
      post(`${baseUrl}/v1/join`, body, attackerAddress(200)).then(
        ({ status }) => count(tally.rest, String(status)),
        () => count(tally.rest, 'failed'),
      );
    }
    if (nowMs - progressAtMs > PROGRESS_EVERY_MS) {
      progressAtMs = nowMs;
      report({ type: 'progress', messages: total(tally.sent) });
    }
    const elapsedMs = nowMs - beganAtMs;
    if (elapsedMs > 1.5 * durationMs || (elapsedMs > durationMs && senders.every(({ done }) => done))) break;
  }
  participant.close();
  crowd.close();
  report({ type: 'done', tally });
}

/** Sends moves at a rate. What could not be sent (nobody is connected) is made up for later, at up to twice the rate. */
class Sender {
  readonly #moves: Iterator<Move>;
  readonly #perMs: number;
  readonly #play: (move: Move) => number;
  #left: number;
  #budget = 0;

  constructor(moves: Iterator<Move>, perMs: number, messages: number, play: (move: Move) => number) {
    this.#moves = moves;
    this.#perMs = perMs;
    this.#left = messages;
    this.#play = play;
  }

  get done(): boolean {
    return this.#left <= 0;
  }

  spend(elapsedMs: number): void {
    const most = 2 * this.#perMs * elapsedMs;
    this.#budget += this.#perMs * elapsedMs;
    for (let spent = 0; this.#budget > 0 && spent < most && !this.done; ) {
      const next = this.#moves.next();
      if (next.done) return;
      const sent = this.#play(next.value);
      if (sent === 0) return;
      spent += sent;
      this.#budget -= sent;
      this.#left -= sent;
    }
  }
}

/** Bodies for a route that is open to everybody, half of them damaged. */
function* restBodies(seed: number): Generator<string, never> {
  const valid = arbitraryOf(openJoin);
  const bodies = fc.oneof(valid, mutated(valid)).map((body) => JSON.stringify(body) ?? '');
  for (let chunk = 0; ; chunk += 1) yield* fc.sample(bodies, { seed: seed + chunk, numRuns: 50 });
}
