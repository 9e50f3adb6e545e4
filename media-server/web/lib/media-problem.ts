import type { PlainWords } from './plain-words.ts';

export type CaptureSource = 'microphone' | 'camera' | 'screen';

/** Why a device does not work, in words, with what to do. Error names are those of the Media Capture specification. */
export function mediaProblem(source: CaptureSource, error: unknown): PlainWords {
  const name = error instanceof Error ? error.name : '';
  const device = source === 'screen' ? 'screen sharing' : `the ${source}`;
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      return {
        title: `The browser does not allow ${device}`,
        advice:
          source === 'screen'
            ? 'If you did not cancel it yourself: allow this browser to record the screen in the settings of your computer.'
            : `Click the icon beside the address, allow ${device}, and turn it on again here.`,
      };
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return {
        title: `No ${source} was found`,
        advice: `Connect one and turn it on again. Without it you can still see and hear everybody.`,
      };
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return {
        title: `${sentence(device)} cannot be used just now`,
        advice: 'Another program may be using it. Close that one, or choose another device.',
      };
    case 'OverconstrainedError':
      return { title: `The chosen ${source} is gone`, advice: 'Choose another one in the list of devices.' };
    case 'InsecureContextError':
      return {
        title: 'Camera and microphone need a secure connection',
        advice: 'Open this page with https:// at the start of its address.',
      };
    default:
      return {
        title: `${sentence(device)} did not start`,
        advice: `Turn it on again. The browser says: ${error instanceof Error ? error.message || name : String(error)}`,
      };
  }
}

/** A device that worked has gone. */
export function deviceGone(source: CaptureSource): PlainWords {
  return {
    title: `Your ${source} was disconnected`,
    advice: 'Plug it in again and turn it on, or choose another device.',
  };
}

/** The browser offers no devices at all; it does so only on https and on the machine itself. */
export class InsecureContextError extends Error {
  override readonly name = 'InsecureContextError';
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
