import type { Contract } from '@holdfast/media-server/protocol/index.ts';
import fc from 'fast-check';
import { knownKillers } from './known-killers.ts';
import { isKnownName, known } from './known-values.ts';
import { mediaSamples } from './media-samples.ts';
import type { Move } from './move.ts';
import { mutated } from './mutations.ts';
import { arbitraryOf } from './schema-arbitrary.ts';

/** Made at a time: enough to be quick, few enough to hold. */
const CHUNK = 100;

/** The moves of one attacker, without end, the same ones for the same seed. */
export function* movesFrom(contract: Contract, seed: number): Generator<Move> {
  const arbitrary = moveOf(contract);
  for (let chunk = 0; ; chunk += 1) {
    yield* fc.sample(arbitrary, { seed: seed + chunk * 7919, numRuns: CHUNK });
  }
}

function moveOf(contract: Contract): fc.Arbitrary<Move> {
  const request = requestOf(contract);
  const text = (message: fc.Arbitrary<unknown>) =>
    message.map((value) => JSON.stringify(value) ?? 'undefined');
  const one = (kind: string, frame: fc.Arbitrary<string | Uint8Array>) =>
    frame.map((only): Move => ({ kind, frames: [only] }));
  return fc.oneof(
    { weight: 24, arbitrary: one('by the schema', text(request.valid)) },
    { weight: 40, arbitrary: one('damaged', text(request.damaged)) },
    { weight: 8, arbitrary: one('damaged envelope', text(mutated(request.valid))) },
    { weight: 6, arbitrary: one('no JSON', noJson(text(request.valid))) },
    {
      weight: 3,
      arbitrary: one('batch', text(fc.array(request.damaged, { minLength: 2, maxLength: 40 }))),
    },
    { weight: 4, arbitrary: repeatedIds(request.damaged) },
    { weight: 1, arbitrary: one('huge', text(huge)) },
    { weight: 2, arbitrary: fc.constant<Move>(leaveAndGoOn) },
    { weight: 7, arbitrary: fc.constantFrom(...knownKillers) },
  );
}

function requestOf(contract: Contract): {
  readonly valid: fc.Arbitrary<unknown>;
  readonly damaged: fc.Arbitrary<unknown>;
} {
  const ids = fc.oneof(fc.nat(), fc.string({ maxLength: 12 }));
  // Whoever leaves is not heard any more: that has a move of its own, and is rare.
  const methods = Object.entries(contract).filter(([method]) => method !== 'leave');
  const ofMethods = (paramsOf: (params: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>) =>
    fc.oneof(
      ...methods.map(([method, { params }]) =>
        fc.record({
          jsonrpc: fc.constant('2.0'),
          id: ids,
          method: fc.constant(method),
          params: paramsOf(arbitraryOf(params, mostlyKnown)),
        }),
      ),
    );
  return { valid: ofMethods((params) => params), damaged: ofMethods(mutated) };
}

/** Ids are mostly real ones of the attacker's own, and descriptions mostly a browser's: others are refused early. */
function mostlyKnown(name: string, bySchema: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> | undefined {
  if (isKnownName(name)) {
    return fc.oneof({ weight: 5, arbitrary: fc.constant(known[name]) }, { weight: 1, arbitrary: bySchema });
  }
  const samples = mediaSamples[name];
  if (!samples) return undefined;
  return fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...samples) }, { weight: 1, arbitrary: bySchema });
}

const huge = fc
  .tuple(fc.constantFrom('ping', 'producer.create', 'join'), fc.integer({ min: 30_000, max: 300_000 }))
  .map(([method, length]) => ({ jsonrpc: '2.0', id: 1, method, params: { legId: 'x'.repeat(length) } }));

function noJson(text: fc.Arbitrary<string>): fc.Arbitrary<string | Uint8Array> {
  return fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 400 }),
    fc
      .tuple(text, fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([whole, share]) => whole.slice(0, Math.floor(whole.length * share))),
    fc.integer({ min: 1, max: 8000 }).map((depth) => '{"a":'.repeat(depth)),
  );
}

/** The same id again and again, all at once. */
function repeatedIds(request: fc.Arbitrary<unknown>): fc.Arbitrary<Move> {
  return fc.tuple(request, fc.integer({ min: 2, max: 30 })).map(([message, times]) => {
    const frame = JSON.stringify(message);
    return { kind: 'repeated ids', frames: Array.from({ length: times }, () => frame) };
  });
}

const leaveAndGoOn: Move = {
  kind: 'leave and go on',
  frames: ['leave', 'leg.renew', 'producer.pause', 'leave'].map((method, id) =>
    JSON.stringify({
      jsonrpc: '2.0',
      id,
      method,
      params: { legId: known.legId, producerId: known.producerId },
    }),
  ),
};
