import type { ReactNode } from 'react';
import { Icon } from '../../components/Icon.tsx';
import { hueOf, initials, isolated } from '../../lib/names.ts';

interface TileProps {
  readonly name: string;
  /** What is written beneath; default: the name. */
  readonly label?: string;
  readonly muted: boolean;
  readonly camera: boolean;
  /** The picture; it stays in place, covered, while the camera is off. */
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

const HUES = 6;

/** One person in the grid. */
export function Tile({ name, label = isolated(name), muted, camera, children, action }: TileProps) {
  return (
    <li className="tile">
      {children}
      {!camera && (
        <div className={`tile-cover tile-hue-${hueOf(name, HUES)}`} aria-hidden="true">
          <span className="tile-initials">{initials(name)}</span>
        </div>
      )}
      <p className="tile-label">
        {muted && <Icon name="microphone-off" />}
        <span>{label}</span>
        <span className="visually-hidden">
          {muted && ', microphone off'}
          {!camera && ', camera off'}
        </span>
      </p>
      {action}
    </li>
  );
}
