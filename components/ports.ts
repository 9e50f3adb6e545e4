/** Ports of the platform, the same on every cloud: firewalls open them, machines listen on them. */
export const ports = {
  /** Participants, from everywhere; 80 only leads to 443. */
  http: 80,
  https: 443,
  /** The control plane behind a load balancer that ends TLS. */
  web: 8080,
  /** Where media nodes dial the control plane. */
  internal: 8444,
  /** Where gateways and other nodes dial a media node. */
  rpc: 8445,
  /** One port a mediasoup worker, UDP and TCP, from the first upwards. */
  media: { first: 40_000, last: 40_255 },
  turn: {
    port: 3478,
    /** 443 is the entrance's where one machine does it all. */
    tlsSharedMachine: 5349,
    tlsOwnMachine: 443,
    relay: { first: 49_152, last: 65_535 },
  },
} as const;
