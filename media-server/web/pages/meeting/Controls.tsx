import { Icon, type IconName } from '../../components/Icon.tsx';
import type { CallDialog } from './CallDialogs.tsx';
import type { OwnControls } from './use-own-controls.ts';

interface ControlsProps {
  readonly controls: OwnControls;
  /** Whether the single keys work and are worth telling. */
  readonly keys: boolean;
  readonly onDialog: (dialog: CallDialog) => void;
  readonly onLeave: () => void;
}

/** The buttons of a call. A button says what it does; what is on or off is also said by its picture and colour. */
export function Controls({ controls, keys, onDialog, onLeave }: ControlsProps) {
  const { microphoneOn, cameraOn, sharing, canShare } = controls;
  const key = (name: string) => (keys ? name : undefined);
  return (
    <>
      {/* Said when a key was pressed: no button with a changing name has the focus then. */}
      <p role="status" className="visually-hidden">
        {`Microphone ${microphoneOn ? 'on' : 'off'}, camera ${cameraOn ? 'on' : 'off'}${sharing ? ', screen shared' : ''}`}
      </p>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for the fields of a form. */}
      <div className="controls" role="group" aria-label="Your controls">
        <Control
          icon={microphoneOn ? 'microphone' : 'microphone-off'}
          label={microphoneOn ? 'Mute microphone' : 'Unmute microphone'}
          text={microphoneOn ? 'Mute' : 'Unmute'}
          shortcut={key('m')}
          off={!microphoneOn}
          onClick={controls.toggleMicrophone}
        />
        <Control
          icon={cameraOn ? 'camera' : 'camera-off'}
          label={cameraOn ? 'Stop camera' : 'Start camera'}
          shortcut={key('v')}
          off={!cameraOn}
          onClick={controls.toggleCamera}
        />
        {canShare && (
          <Control
            icon={sharing ? 'screen-off' : 'screen'}
            label={sharing ? 'Stop sharing' : 'Share screen'}
            shortcut={key('s')}
            onClick={controls.toggleScreen}
          />
        )}
        <Control icon="devices" label="Devices" onClick={() => onDialog('devices')} />
        <Control icon="help" label="Help" shortcut={key('?')} onClick={() => onDialog('help')} />
        <Control icon="leave" label="Leave" danger onClick={onLeave} />
      </div>
    </>
  );
}

interface ControlProps {
  readonly icon: IconName;
  readonly label: string;
  /** What is written on the button where there is room; part of the label. */
  readonly text?: string;
  readonly shortcut?: string | undefined;
  readonly off?: boolean;
  readonly danger?: boolean;
  readonly onClick: () => void;
}

function Control({
  icon,
  label,
  text = label,
  shortcut,
  off = false,
  danger = false,
  onClick,
}: ControlProps) {
  const tone = danger ? 'button-danger' : off ? 'control-off' : '';
  return (
    <button
      type="button"
      className={`button control ${tone}`}
      aria-label={label}
      aria-keyshortcuts={shortcut}
      title={shortcut === undefined ? label : `${label} (${shortcut})`}
      onClick={onClick}
    >
      <Icon name={icon} />
      <span className="control-text">{text}</span>
    </button>
  );
}
