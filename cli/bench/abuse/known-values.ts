/**
 * Stand for what an attacker knows only while it is connected; `withKnown` puts the real values in their place. So moves
 * are plain data that can be made beforehand, from a seed alone.
 */
export const known = {
  legId: '$known.legId',
  transportId: '$known.transportId',
  producerId: '$known.producerId',
  consumerId: '$known.consumerId',
  participantId: '$known.participantId',
  token: '$known.token',
  resumeToken: '$known.resumeToken',
} as const;

type KnownName = keyof typeof known;
export type KnownValues = Partial<Record<KnownName, string>>;

export const isKnownName = (name: string): name is KnownName => name in known;

const place = /\$known\.(\w+)/g;

/** What is not known stays as it is, which nobody else knows either. */
export function withKnown(frame: string, values: KnownValues): string {
  return frame.replace(
    place,
    (standIn, name: string) => (isKnownName(name) ? values[name] : undefined) ?? standIn,
  );
}
