import type { LaunchPreference } from '../clouds/types.ts';

/** What is to be done next, and why. A node and its machine have the same id. */
export type Decision = { readonly reason: string } & (
  | { readonly type: 'hold' }
  | { readonly type: 'grow'; readonly to: number; readonly prefer: LaunchPreference }
  /** A launch, or a machine that failed before it was of use. */
  | { readonly type: 'give-up'; readonly nodeId: string }
  | { readonly type: 'drain'; readonly nodeId: string }
  | { readonly type: 'cancel-drain'; readonly nodeId: string }
  | { readonly type: 'release'; readonly nodeId: string }
);
