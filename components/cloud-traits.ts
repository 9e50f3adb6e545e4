import type { CloudName } from './contract.ts';
import { exampleAt } from './settings-schema.ts';

/** Settings whose values each cloud names in its own way. */
export type CloudSetting =
  | 'release.machineImage'
  | 'media.machineType'
  | 'controlPlane.machineType'
  | 'turn.machineType'
  | 'stateStore.machineType'
  | 'network.zones'
  | 'domain.zoneId'
  | 'domain.certificateId';

/** What a cloud can and cannot do, as far as a stack's settings depend on it; `docs/clouds.md` has the whole picture. */
export interface CloudTraits {
  readonly cloud: CloudName;
  /** What would be right for a setting that depends on the cloud: `media.machineType` and the like. */
  readonly examples: Readonly<Record<CloudSetting, unknown>>;
  readonly machineImage: RegExp;
  readonly zones: {
    /** Zones that each phase needs; 0: the cloud has none to choose from. */
    readonly least: { readonly single: number; readonly elastic: number; readonly ha: number };
    readonly pattern: RegExp;
  };
  /** Network sizes that fit: the length of the prefix. */
  readonly networkPrefix: { readonly least: number; readonly most: number };
  /** Machines that the cloud may take back at short notice. */
  readonly spot: boolean;
  readonly patience: {
    readonly leastSeconds: number;
    readonly mostSeconds: number;
    /** The whole time that a drain can have when each piece of patience is asked for again; Infinity: no end. */
    wholeDrainSeconds(patienceSeconds: number): number;
  };
  /** What is wrong with one tag, or undefined. */
  tagProblem(key: string, value: string): string | undefined;
}

/** A value that would be right there: in general, or on this cloud. */
export function example(path: readonly PropertyKey[], cloud: CloudTraits): unknown {
  const ofCloud: Readonly<Record<string, unknown>> = cloud.examples;
  return ofCloud[path.join('.')] ?? exampleAt(path);
}
