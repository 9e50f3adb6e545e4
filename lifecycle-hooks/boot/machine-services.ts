import type { MachineFacts } from '@holdfast/media-server/machine/machine-facts.ts';

/** What a machine asks of its cloud when it boots. Every call may be repeated. */
export interface MachineServices {
  facts(): Promise<MachineFacts>;
  /** What is kept under this name; undefined: nothing yet. CLOUD_DENIED, CLOUD_UNREACHABLE. */
  secret(name: string): Promise<string | undefined>;
  /**
   * Keeps this under the name if nothing is there yet.
   * @returns what is there afterwards: of several who do it at the same time, all get the same
   */
  makeSecret(name: string, value: string): Promise<string>;
  /** mediasoup workers of a machine of this type. */
  workersOf(machineType: string): Promise<number>;
  /** The machine is found under this private name from now on. */
  keepName(zone: string, name: string, address: string): Promise<void>;
  /**
   * Takes one of these fixed addresses that is free, or the one that it has. @returns the address
   * @throws CLOUD_CONFLICT when none is free: the machine before is still leaving
   */
  takeAddress(ids: readonly string[]): Promise<string>;
}
