import type { Page } from 'playwright-core';

/** What the script below keeps in the page. */
interface RelayedPage {
  relayed?: RTCPeerConnection[];
}

/** Runs before the page's own scripts: its media goes over TURN and no other way, as behind a strict firewall. */
export const relayOnlyScript = `{
  const relayed = (globalThis.relayed = []);
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration) {
      super({ ...configuration, iceTransportPolicy: 'relay' });
      relayed.push(this);
    }
  };
}`;

/** Ports of the TURN servers that this page's open connections are relayed by now. */
export function relayPorts(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const ports: number[] = [];
    for (const connection of (globalThis as RelayedPage).relayed ?? []) {
      if (connection.connectionState === 'closed') continue;
      const stats: Map<string, unknown> = new Map(await connection.getStats());
      const entry = (id: unknown): Record<string, unknown> => {
        const found = typeof id === 'string' ? stats.get(id) : undefined;
        return typeof found === 'object' && found !== null ? Object.fromEntries(Object.entries(found)) : {};
      };
      for (const id of stats.keys()) {
        const { type, selectedCandidatePairId } = entry(id);
        if (type !== 'transport') continue;
        const { url } = entry(entry(selectedCandidatePairId).localCandidateId);
        const port = typeof url === 'string' ? /:(\d+)(\?|$)/.exec(url)?.[1] : undefined;
        if (port !== undefined) ports.push(Number(port));
      }
    }
    return ports;
  });
}
