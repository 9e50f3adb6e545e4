import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fate, HandoverWorld, settings, source } from './handover-world.ts';

const names = ['ada', 'ben', 'cleo'] as const;
const gateways = ['g1', 'g2'] as const;
const nodes = ['b', 'c'] as const;

type Deed = (world: HandoverWorld) => void;

const person = fc.constantFrom(...names);
const change = (of: fc.Arbitrary<string>, deed: (world: HandoverWorld, name: string) => void) =>
  of.map(
    (name): Deed =>
      (world) =>
        deed(world, name),
  );

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 3, arbitrary: change(fc.constantFrom(...nodes), (world, name) => world.loseTarget(name)) },
  change(fc.constantFrom(...nodes), (world, name) =>
    Object.assign(world.targets.get(name) ?? {}, { hangs: true }),
  ),
  change(fc.constantFrom(...nodes), (world, name) =>
    Object.assign(world.targets.get(name) ?? {}, { hangs: false }),
  ),
  fc.constant<Deed>((world) => {
    world.registryUp = false;
  }),
  fc.constant<Deed>((world) => {
    world.registryUp = true;
  }),
  change(fc.constantFrom(...gateways), (world, name) => world.breakLink(name)),
  change(fc.constantFrom(...gateways), (world, name) => world.mendLink(name)),
  change(person, (world, name) => world.goAway(name)),
  change(person, (world, name) => world.comeBack(name)),
  change(person, (world, name) => Object.assign(world.people.get(name) ?? {}, { willing: false })),
  change(person, (world, name) => {
    const someone = world.people.get(name);
    if (someone) someone.muted = !someone.muted;
    world.look();
  }),
  change(person, (world, name) => {
    world.people.delete(name);
    world.look();
  }),
  // A gateway takes the target, or the source, for dead.
  fc.constant<Deed>((world) => {
    const { entry } = world;
    if (entry?.state === 'moving') world.apply({ type: 'lost', place: entry.movingTo, newHome: 'c' });
  }),
  fc.constant<Deed>((world) => {
    world.apply({ type: 'lost', place: source, newHome: 'c' });
  }),
  fc.constant<Deed>((world) => world.closeMeeting()),
);

const fate: fc.Arbitrary<Fate> = fc.record({
  thereMs: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 50 }) },
    fc.integer({ min: 50, max: 8000 }),
  ),
  backMs: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 50 }) },
    fc.integer({ min: 50, max: 8000 }),
  ),
  lost: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Fate['lost']>('no') },
    fc.constantFrom<Fate['lost']>('request', 'answer'),
  ),
  noticed: fc.boolean(),
  twice: fc.boolean(),
});

const story = fc.record({
  fates: fc.array(fate, { maxLength: 25 }),
  deeds: fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 4000 }), deed }), { maxLength: 8 }),
  untilMs: fc.oneof(fc.constant(undefined), fc.integer({ min: -5000, max: 20_000 })),
  force: fc.boolean(),
});
type Story = typeof story extends fc.Arbitrary<infer S> ? S : never;

/** How long the world stays as bad as the story has made it, ms. */
const BAD_MS = 30_000;

function tell({ fates, deeds, untilMs, force }: Story): HandoverWorld {
  const world = new HandoverWorld({
    people: { ada: 'g1', ben: 'g1', cleo: 'g2' },
    options: { untilMs: untilMs === undefined ? undefined : 1_000_000 + untilMs, force },
    fates,
  });
  for (const { afterMs, deed: happens } of deeds) {
    world.runFor(afterMs);
    happens(world);
  }
  return world.run(1_000_000 + BAD_MS);
}

/** From here on everything works. */
function heal(world: HandoverWorld): void {
  world.fates = [];
  world.registryUp = true;
  for (const target of world.targets.values()) target.hangs = false;
  for (const someone of world.people.values()) someone.willing = true;
  for (const gateway of gateways) world.mendLink(gateway);
  for (const name of names) world.comeBack(name);
}

const runs = { numRuns: 1500, seed: 11 };

describe('a handover, whatever is lost, late or dead at whatever step', { timeout: 60_000 }, () => {
  it('lets go of no old leg before a commit, and undoes nothing after one', () => {
    fc.assert(
      fc.property(story, (what) => {
        const world = tell(what);
        heal(world);
        world.runFor(60_000);
        expect(world.violations).toEqual([]);
      }),
      runs,
    );
  });

  it('ends soon once others answer again, and without asking anybody without a pause', () => {
    fc.assert(
      fc.property(story, (what) => {
        const world = tell(what);
        heal(world);
        world.runFor(40_000);
        expect(world.plan.phase).toBe('done');
        expect(world.requests.length).toBeLessThan(40 + (BAD_MS + 40_000) / 100);
      }),
      runs,
    );
  });

  it('ends also if nobody ever answers again', () => {
    fc.assert(
      fc.property(story, (what) => {
        const world = tell(what);
        for (const target of world.targets.values()) target.hangs = true;
        for (const gateway of gateways) world.breakLink(gateway);
        world.registryUp = false;
        world.runFor(settings.noGatewayMs + settings.doubtMs + 60_000);
        expect(world.plan.phase).toBe('done');
        expect(world.violations).toEqual([]);
      }),
      { ...runs, numRuns: 500 },
    );
  });

  it('tells the drain the truth, and those whom it concerns of every commit', () => {
    fc.assert(
      fc.property(story, (what) => {
        const world = tell(what);
        heal(world);
        world.runFor(60_000);
        const { plan } = world;
        if (plan.phase !== 'done') throw new Error(`stands in ${plan.phase}`);
        const { outcome } = plan;
        if (outcome.type === 'moved') {
          const at = `${outcome.move.target.nodeId}@${outcome.move.epoch}`;
          expect(world.homes).toContain(at);
          // Whoever could be told was told, or was asked to listen until the time for it was over.
          if (!world.finishedInTime) return;
          for (const gateway of world.linkedAtEnd)
            expect(world.told).toContain(`tell-commit ${at} ${gateway}`);
        } else if (outcome.type === 'gone') {
          expect(world.meetingClosed || world.committed).toBe(true);
        } else {
          // A commit is only left in the dark where its time was over while nobody could say.
          const inDoubt = outcome.error.message.startsWith('it is not known');
          if (!inDoubt) expect(world.homes.filter((home) => world.asked(home))).toEqual([]);
        }
      }),
      runs,
    );
  });
});
