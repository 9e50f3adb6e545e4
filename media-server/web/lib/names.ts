import { meetingId } from '../../protocol/values.ts';

const manners = words(
  'calm quiet bright gentle clear steady warm early merry brave kind fresh nimble sunny keen mild',
);
const colours = words(
  'amber coral silver golden jade ivory copper indigo olive pearl rosy sandy scarlet slate teal violet',
);
const places = words(
  'bay beach cliff cove current delta dune harbour island lagoon pier reef sound strand tide wharf',
);

function words(list: string): readonly string[] {
  return list.split(' ');
}

/**
 * A name for a meeting that is easy to say on the telephone, such as "calm-amber-reef-417", and hard to hit by chance.
 * @param random a number in [0, 1), like Math.random
 */
export function suggestMeetingName(random: () => number): string {
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? 'sea';
  const number = 100 + Math.floor(random() * 900);
  return `${pick(manners)}-${pick(colours)}-${pick(places)}-${number}`;
}

/** Cryptographic randomness in the shape of Math.random: meeting names keep strangers out of open servers. */
export function secureRandom(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}

/**
 * The meeting somebody means: a pasted link is taken as it is, a typed name becomes an id ("Team Monday" →
 * "team-monday"), so that two people who type the same name differently still meet.
 * @returns undefined when nothing usable is left
 */
export function meetingIdFrom(text: string): string | undefined {
  const linked = /\/m\/([^/?#\s]+)/.exec(text)?.[1];
  const candidate = linked ?? slug(text);
  const id = meetingId.safeParse(candidate);
  return id.success ? id.data : undefined;
}

function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/ß/g, 'ss')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 64);
}

/**
 * Somebody's name within a sentence: whatever it does to the direction of writing (Unicode's first strong isolate and
 * pop directional isolate), what stands beside it stays readable.
 */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}

/** One or two letters to stand for somebody whose camera is off. */
export function initials(name: string): string {
  const parts = name.trim().split(/\s+/);
  const letters = [parts[0], parts.length > 1 ? parts.at(-1) : undefined].map((part) =>
    firstLetter(part ?? ''),
  );
  return letters.join('').toLocaleUpperCase() || '?';
}

function firstLetter(word: string): string {
  // By code point, so that an emoji or a letter outside the basic plane is not cut in half.
  return Array.from(word)[0] ?? '';
}

/** The same colour for the same name, everywhere. @returns 0 ≤ n < count */
export function hueOf(name: string, count: number): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 100_003;
  return sum % count;
}
