import { randomUUID } from 'node:crypto';
import { MAX_INTERNAL_MESSAGE_BYTES } from '../../process/rpc-socket.ts';
import { HoldfastError, type PlatformPart } from '../../protocol/index.ts';
import type { PlatformView } from '../capacity/platform-view.ts';

type Rows = Pick<PlatformPart, 'nodes' | 'reservations' | 'wishes'>;

/** Of the rows of one part: half of a message, so that there is room for what is around them. */
const PART_BYTES = MAX_INTERNAL_MESSAGE_BYTES / 2;

/** A view cut into messages that are not too large, all of the same moment. */
export class ViewParts {
  readonly #head: Omit<PlatformPart, keyof Rows>;
  readonly #parts: readonly Rows[];

  constructor(view: PlatformView, nowMs: number, partBytes = PART_BYTES) {
    this.#parts = cut(view, partBytes);
    this.#head = {
      viewId: randomUUID(),
      parts: this.#parts.length,
      nowMs,
      ageMs: view.ageMs,
      wishesLeftOut: view.demand.leftOut,
    };
  }

  get viewId(): string {
    return this.#head.viewId;
  }

  part(index: number): PlatformPart {
    const rows = this.#parts[index];
    if (!rows) throw new HoldfastError('NOT_FOUND', `the view has only ${this.#parts.length} parts`);
    return { ...this.#head, ...rows };
  }
}

type Row =
  | { readonly kind: 'nodes'; readonly row: Rows['nodes'][number] }
  | { readonly kind: 'reservations'; readonly row: Rows['reservations'][number] }
  | { readonly kind: 'wishes'; readonly row: Rows['wishes'][number] };

function cut({ nodes, reservations, demand }: PlatformView, partBytes: number): Rows[] {
  const rows: Row[] = [
    ...nodes.map((row) => ({ kind: 'nodes', row }) as const),
    ...reservations.map((row) => ({ kind: 'reservations', row }) as const),
    ...demand.wishes.map((row) => ({ kind: 'wishes', row }) as const),
  ];
  const parts: Row[][] = [];
  let open: Row[] = [];
  let bytes = 0;
  for (const each of rows) {
    const size = Buffer.byteLength(JSON.stringify(each.row));
    if (open.length > 0 && bytes + size > partBytes) {
      parts.push(open);
      [open, bytes] = [[], 0];
    }
    open.push(each);
    bytes += size;
  }
  parts.push(open);
  return parts.map((part) => ({
    nodes: part.flatMap((each) => (each.kind === 'nodes' ? [each.row] : [])),
    reservations: part.flatMap((each) => (each.kind === 'reservations' ? [each.row] : [])),
    wishes: part.flatMap((each) => (each.kind === 'wishes' ? [each.row] : [])),
  }));
}
