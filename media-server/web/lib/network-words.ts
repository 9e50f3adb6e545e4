import type { MediaPath, PathView } from '../../client/types.ts';
import { mediaPath } from '../../protocol/values.ts';
import type { PlainWords } from './plain-words.ts';

/** What somebody in a meeting is told of the network; undefined: there is nothing to say. */
export function networkProblem({ quality, path }: PathView): PlainWords | undefined {
  switch (quality) {
    case 'none':
      return {
        title: 'This network lets no sound and picture through',
        advice:
          'We keep trying. A firewall may be in the way, or your connection is gone: another network may work at once.',
      };
    case 'poor':
      return {
        title: 'Your connection is slow or loses a part of what is sent',
        advice:
          path === 'udp'
            ? 'Go nearer to the Wi-Fi, use a cable, or turn the camera off for a while.'
            : 'This network allows a detour only. Another network may be better; turning the camera off helps too.',
      };
    case 'good':
    case 'unknown':
      return undefined;
  }
}

/** A path in a table. */
export const pathNames: Readonly<Record<MediaPath, string>> = {
  udp: 'direct',
  tcp: 'direct over TCP',
  'turn-udp': 'TURN over UDP',
  'turn-tcp': 'TURN over TCP',
  'turn-tls': 'TURN over TLS',
};

/** "3 direct, 1 TURN over TLS"; in the order of the names. */
export function pathsInWords(paths: Readonly<Partial<Record<MediaPath, number>>>): string {
  return mediaPath.options
    .flatMap((path) => {
      const count = paths[path] ?? 0;
      return count === 0 ? [] : [`${count} ${pathNames[path]}`];
    })
    .join(', ');
}
