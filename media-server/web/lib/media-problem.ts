import type { PlainWords } from './plain-words.ts';

export type CaptureSource = 'microphone' | 'camera' | 'screen';

/** What is wrong with a device. */
export type DeviceTrouble =
  | 'not-allowed'
  | 'not-found'
  | 'busy'
  | 'chosen-gone'
  | 'unplugged'
  | 'insecure'
  | 'other';

export interface DeviceProblem {
  readonly trouble: DeviceTrouble;
  /** What the browser says itself, where the trouble alone does not say enough. */
  readonly detail: string;
}

/** By the names of the Media Capture specification, and the older ones some browsers still use. */
const troubles: Readonly<Record<string, DeviceTrouble>> = {
  NotAllowedError: 'not-allowed',
  PermissionDeniedError: 'not-allowed',
  NotFoundError: 'not-found',
  DevicesNotFoundError: 'not-found',
  NotReadableError: 'busy',
  TrackStartError: 'busy',
  AbortError: 'busy',
  OverconstrainedError: 'chosen-gone',
  InsecureContextError: 'insecure',
};

export function deviceProblem(error: unknown): DeviceProblem {
  if (!(error instanceof Error)) return { trouble: 'other', detail: String(error) };
  return { trouble: troubles[error.name] ?? 'other', detail: error.message || error.name };
}

/** A device that worked has gone. */
export const unplugged: DeviceProblem = { trouble: 'unplugged', detail: '' };

/** The browser offers no devices at all; it does so only on https and on the machine itself. */
export class InsecureContextError extends Error {
  override readonly name = 'InsecureContextError';
}

/** Why a device does not work, and what to do. */
export function problemWords(
  source: CaptureSource | 'camera and microphone',
  problem: DeviceProblem,
): PlainWords {
  const both = source === 'camera and microphone';
  const the = source === 'screen' ? 'screen sharing' : both ? source : `the ${source}`;
  const [it, one, is] = both ? ['them', 'them', 'are'] : ['it', 'one', 'is'];
  switch (problem.trouble) {
    case 'not-allowed':
      return {
        title: `The browser does not allow ${the}`,
        advice:
          source === 'screen'
            ? 'Allow this browser to record the screen in the settings of your computer, then share again.'
            : `Click the icon beside the address, allow ${it}, and turn ${it} on again here.`,
      };
    case 'not-found':
      return {
        title: both ? 'No camera and no microphone were found' : `No ${source} was found`,
        advice: `Connect ${one} and turn ${it} on again. Until then you can see and hear everybody.`,
      };
    case 'busy':
      return {
        title: `${sentence(the)} cannot be used just now`,
        advice: 'Another program may be using it. Close that one, or choose another device.',
      };
    case 'chosen-gone':
      return {
        title: `The chosen ${source} ${is} gone`,
        advice: 'Choose another one in the list of devices.',
      };
    case 'unplugged':
      return {
        title: `Your ${source} ${both ? 'were' : 'was'} disconnected`,
        advice: `Plug ${it} in again and turn ${it} on, or choose another device.`,
      };
    case 'insecure':
      return {
        title: 'Camera and microphone need a secure connection',
        advice: 'Open this page with https:// at the start of its address.',
      };
    case 'other':
      return {
        title: `${sentence(the)} did not start`,
        advice: `Turn ${it} on again. The browser says: ${problem.detail}`,
      };
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
