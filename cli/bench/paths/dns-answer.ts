import { isIP } from 'node:net';

const HEADER_BYTES = 12;
const types = { 1: 4, 28: 6 } as const;
const INTERNET = 1;
/** An answer, recursion available, no error; 3 in the last bits: there is no such name (RFC 1035, 4.1.1). */
const FLAGS = 0x8180;
const NO_SUCH_NAME = 3;
/** The name of the question, pointed to. */
const SAME_NAME = 0xc000 | HEADER_BYTES;
const TTL_S = 60;

/** Answers one question with what the table has. @returns undefined for what is no question with one name */
export function dnsAnswer(query: Buffer, table: ReadonlyMap<string, string>): Buffer | undefined {
  if (query.length < HEADER_BYTES || query.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = query[at];
    // Compressed names are longer than 63 to look at; questions have none.
    if (length === undefined || length > 63 || at + 1 + length > query.length) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(query.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > query.length) return undefined;
  const type = query.readUInt16BE(at);
  const address = table.get(labels.join('.').toLowerCase());
  const wanted = type === 1 || type === 28 ? types[type] : undefined;
  const answers = address !== undefined && isIP(address) === wanted ? [record(type, address)] : [];
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(FLAGS | (address === undefined ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, at + 4), ...answers]);
}

function record(type: number, address: string): Buffer {
  const data = bytesOf(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(SAME_NAME, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(INTERNET, 4);
  head.writeUInt32BE(TTL_S, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function bytesOf(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [front = '', back = ''] = address.split('::');
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(front), groups(back)];
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}
