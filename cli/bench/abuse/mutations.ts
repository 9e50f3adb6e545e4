import fc from 'fast-check';

/** What a mutation does at one place of a value. */
type Mutation =
  | { readonly kind: 'replace'; readonly value: unknown }
  | { readonly kind: 'remove' }
  | { readonly kind: 'repeat'; readonly times: number }
  | { readonly kind: 'add'; readonly key: string; readonly value: unknown };

type Path = readonly (string | number)[];

/** A list in a list in a list. */
export function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

/** Values that programs were not written for. */
const unwelcome: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(1.5, -1, -0.1, 1e20, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e308, 5e-324),
  fc.constantFrom(
    null,
    true,
    false,
    '',
    ' ',
    '0',
    '1.5',
    'NaN',
    '__proto__',
    'constructor',
    '\u0000',
    '\ud800',
  ),
  fc.constantFrom('x\r\nBROKEN', '1\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host', '\u202Egnp.exe'),
  fc.integer({ min: 200, max: 20_000 }).map((length) => 'a'.repeat(length)),
  fc.integer({ min: 2, max: 400 }).map(nested),
  fc.constantFrom<unknown>([], {}, [[]], [{}], [null]),
  fc.integer({ min: 50, max: 2000 }).map((length) => Array.from({ length }, () => 1e20)),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.jsonValue({ maxDepth: 3 }),
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 6, arbitrary: unwelcome.map((value): Mutation => ({ kind: 'replace', value })) },
  { weight: 1, arbitrary: fc.constant<Mutation>({ kind: 'remove' }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 2, max: 500 }).map((times): Mutation => ({ kind: 'repeat', times })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.string({ maxLength: 40 }), unwelcome)
      .map(([key, value]): Mutation => ({ kind: 'add', key, value })),
  },
);

/** The values of `valid`, each damaged at one or a few places. */
export function mutated(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const damage = fc.array(fc.tuple(fc.nat(), mutation), { minLength: 1, maxLength: 3 });
  return fc.tuple(valid, damage).map(([value, places]) =>
    places.reduce<unknown>((damaged, [at, how]) => {
      const paths = [...pathsOf(damaged)];
      return mutateAt(damaged, paths[at % paths.length] ?? [], how);
    }, value),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** All places in a value, itself first; of long lists the first few. */
function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (Array.isArray(value)) {
    for (const [index, item] of value.slice(0, 4).entries()) yield* pathsOf(item, [...path, index]);
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) yield* pathsOf(item, [...path, key]);
  }
}

function mutateAt(value: unknown, [step, ...rest]: Path, how: Mutation): unknown {
  if (step === undefined) return applyTo(value, how);
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      if (index !== step) return [item];
      return how.kind === 'remove' && rest.length === 0 ? [] : [mutateAt(item, rest, how)];
    });
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
    if (key !== step) return [[key, item]];
    return how.kind === 'remove' && rest.length === 0 ? [] : [[key, mutateAt(item, rest, how)]];
  });
  return Object.fromEntries(entries);
}

function applyTo(value: unknown, how: Mutation): unknown {
  switch (how.kind) {
    case 'replace':
      return how.value;
    case 'remove':
      return undefined;
    case 'repeat':
      return Array.isArray(value)
        ? Array.from({ length: how.times }, (_, index) => value[index % Math.max(1, value.length)] ?? null)
        : Array.from({ length: how.times }, () => value);
    case 'add':
      return isObject(value) ? { ...value, [how.key]: how.value } : how.value;
  }
}
