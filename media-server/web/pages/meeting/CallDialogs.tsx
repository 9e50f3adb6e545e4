import { DevicePicker } from '../../components/DevicePicker.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import type { LocalMedia } from '../../lib/local-media.ts';

export type CallDialog = 'devices' | 'help';

interface CallDialogsProps {
  readonly dialog: CallDialog | undefined;
  readonly media: LocalMedia;
  readonly shortcutsOn: boolean;
  readonly onShortcuts: (on: boolean) => void;
  readonly onClose: () => void;
}

export function CallDialogs({ dialog, media, shortcutsOn, onShortcuts, onClose }: CallDialogsProps) {
  const close = (
    <div className="dialog-actions">
      <button type="button" className="button button-primary" onClick={onClose}>
        Close
      </button>
    </div>
  );
  return (
    <>
      <Dialog title="Devices" open={dialog === 'devices'} onClose={onClose}>
        <DevicePicker media={media} />
        {close}
      </Dialog>
      <Dialog title="Help" open={dialog === 'help'} onClose={onClose}>
        <dl className="keys">
          <Key name="m">Mute or unmute the microphone</Key>
          <Key name="v">Stop or start the camera</Key>
          <Key name="s">Share the screen or stop sharing</Key>
          <Key name="?">Show this help</Key>
        </dl>
        <label className="check">
          <input
            type="checkbox"
            checked={shortcutsOn}
            onChange={(event) => onShortcuts(event.target.checked)}
          />
          Use these keys
        </label>
        <p className="muted">
          If picture or sound are not right, open the browser's console (F12) and type{' '}
          <code>await holdfast.meeting.diagnostics()</code>. What it shows helps those who run this server.
        </p>
        {close}
      </Dialog>
    </>
  );
}

function Key({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div>
      <dt>
        <kbd>{name}</kbd>
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
