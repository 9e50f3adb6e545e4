import { type CSSProperties, useCallback } from 'react';
import { SelfVideo } from '../../components/SelfVideo.tsx';
import { trackOf } from '../../lib/capture.ts';
import { bestGrid } from '../../lib/grid.ts';
import type { LocalMedia } from '../../lib/local-media.ts';
import { isolated } from '../../lib/names.ts';
import type { Person } from '../../lib/people.ts';
import { useSize } from '../../lib/use-size.ts';
import { useView } from '../../lib/use-view.ts';
import { RemoteVideo } from './RemoteVideo.tsx';
import { Tile } from './Tile.tsx';
import './people.css';

const GAP_PX = 8;

interface PeopleProps {
  readonly people: readonly Person[];
  readonly ownName: string;
  readonly media: LocalMedia;
  /** Small, beside a shared screen. */
  readonly compact: boolean;
  readonly stagedId: string | undefined;
  readonly onEnlarge: (id: string) => void;
}

/** Everybody in the meeting, oneself last. The tiles keep their elements however they are laid out. */
export function People({ people, ownName, media, compact, stagedId, onEnlarge }: PeopleProps) {
  const [ref, size] = useSize();
  const layout = bestGrid({
    ...size,
    tiles: people.length + 1,
    gapPx: GAP_PX,
    minTileWidthPx: compact ? 104 : 150,
  });
  const style: CSSProperties & Record<`--${string}`, string> = {
    '--columns': String(layout.columns),
    '--tile-width': `${layout.tileWidthPx}px`,
    '--tile-height': `${layout.tileHeightPx}px`,
  };
  const enlarge = useCallback((id: string) => () => onEnlarge(id), [onEnlarge]);
  return (
    <div
      className="people"
      ref={ref}
      style={style}
      // What scrolls must be reachable by keyboard.
      {...(layout.scrolls ? { tabIndex: 0, role: 'region', 'aria-label': 'People, scrollable' } : {})}
    >
      <ul className="people-grid" aria-label="People in the meeting">
        {people.map(({ key, id, name, participant, muted, camera, screen }) => (
          <Tile
            key={key}
            name={name}
            muted={muted}
            camera={camera}
            action={
              screen && id !== stagedId ? (
                <button type="button" className="button button-small tile-action" onClick={enlarge(id)}>
                  <span>
                    Show<span className="visually-hidden"> {isolated(name)}'s</span> screen
                  </span>
                </button>
              ) : undefined
            }
          >
            <RemoteVideo participant={participant} source="camera" />
          </Tile>
        ))}
        <OwnTile name={ownName} media={media} />
      </ul>
    </div>
  );
}

function OwnTile({ name, media }: { readonly name: string; readonly media: LocalMedia }) {
  const { camera, microphone, screen, muted } = useView(media);
  const track = trackOf(camera);
  return (
    <Tile
      name={name}
      label={`${isolated(name)} (you)${screen.state === 'on' ? ', sharing the screen' : ''}`}
      muted={muted || microphone.state !== 'on'}
      camera={track !== undefined}
    >
      {track !== undefined && <SelfVideo track={track} label="Your own picture" />}
    </Tile>
  );
}
