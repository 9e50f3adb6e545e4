import type { MeetingHandle } from '../../client/types.ts';

/** What a supporter may ask a user to type into the console: `await holdfast.meeting.diagnostics()`. */
declare global {
  var holdfast: { readonly meeting: MeetingHandle } | undefined;
}

export function offerToSupport(meeting: MeetingHandle): void {
  globalThis.holdfast = { meeting };
}
