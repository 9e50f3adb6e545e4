/** Scripts that run in a page before its own. */

/** In the page: remembers all peer connections, so that what is really sent can be asked for. */
export const rememberConnections = `
  const Original = globalThis.RTCPeerConnection;
  globalThis.connections = [];
  globalThis.RTCPeerConnection = class extends Original {
    constructor(...args) { super(...args); globalThis.connections.push(this); }
  };
`;

/** In the page: a screen to be shared, with something that moves on it. */
export const fakeScreen = `
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
    const context = canvas.getContext('2d');
    let tick = 0;
    setInterval(() => {
      context.fillStyle = tick++ % 2 ? '#024' : '#420';
      context.fillRect(0, 0, 1280, 720);
    }, 100);
    return canvas.captureStream(10);
  };
`;

/** In the page: remembers all WebSockets, so that one can be cut. */
export const rememberSockets = `
  const Original = globalThis.WebSocket;
  globalThis.sockets = [];
  globalThis.WebSocket = class extends Original {
    constructor(...args) { super(...args); globalThis.sockets.push(this); }
  };
`;

/** In the page: media goes through TURN servers or not at all; tells which one each connected path goes through. */
export const relayedOnly = `
  const Original = globalThis.RTCPeerConnection;
  const relayed = (configuration) => ({ ...configuration, iceTransportPolicy: 'relay' });
  const connections = [];
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration) { super(relayed(configuration)); connections.push(this); }
    setConfiguration(configuration) { super.setConfiguration(relayed(configuration)); }
  };
  globalThis.relaysInUse = async () => {
    const urls = [];
    for (const connection of connections) {
      if (connection.connectionState === 'closed') continue;
      const stats = await connection.getStats();
      for (const entry of stats.values()) {
        if (entry.type !== 'transport' || !entry.selectedCandidatePairId) continue;
        const pair = stats.get(entry.selectedCandidatePairId);
        urls.push(stats.get(pair.localCandidateId)?.url);
      }
    }
    return urls;
  };
`;
