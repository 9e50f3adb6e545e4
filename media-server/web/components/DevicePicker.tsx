import type { DeviceChoice } from '../lib/capture.ts';
import { trackOf } from '../lib/capture.ts';
import type { LocalMedia } from '../lib/local-media.ts';
import { useView } from '../lib/use-view.ts';

/** Chooses among the cameras and microphones of this computer. */
export function DevicePicker({ media }: { readonly media: LocalMedia }) {
  const { microphone, camera, microphones, cameras } = useView(media);
  return (
    <div className="fields">
      <Choice
        label="Microphone"
        choices={microphones}
        chosenId={trackOf(microphone)?.getSettings().deviceId}
        onChoose={(deviceId) => void media.turnOn('microphone', deviceId)}
      />
      <Choice
        label="Camera"
        choices={cameras}
        chosenId={trackOf(camera)?.getSettings().deviceId}
        onChoose={(deviceId) => void media.turnOn('camera', deviceId)}
      />
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly choices: readonly DeviceChoice[];
  readonly chosenId: string | undefined;
  readonly onChoose: (deviceId: string) => void;
}

function Choice({ label, choices, chosenId, onChoose }: ChoiceProps) {
  const none = choices.length === 0;
  return (
    <label className="field">
      <span>{label}</span>
      <select value={chosenId ?? ''} disabled={none} onChange={(event) => onChoose(event.target.value)}>
        {(none || chosenId === undefined) && <option value="">{none ? 'None found' : 'Off'}</option>}
        {choices.map(({ deviceId, label: name }) => (
          <option key={deviceId} value={deviceId}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
