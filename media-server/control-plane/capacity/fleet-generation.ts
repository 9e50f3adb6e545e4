import type { FleetRecord } from '../store/records.ts';
import type { Table } from '../store/store.ts';

/** The leading autoscaler tells of the fleet every minute at the least. What it said longer ago may have changed, ms. */
const BELIEVED_MS = 180_000;

/** What new media nodes are launched from; null: nobody has said so lately, and then all nodes are alike. */
export async function fleetGeneration(fleets: Table<FleetRecord>, nowMs: number): Promise<string | null> {
  const fleet = (await fleets.get('media'))?.value;
  return fleet && nowMs - fleet.asOfMs <= BELIEVED_MS ? fleet.generation : null;
}
