/** What a machine may run, by the name of its unit and of its file in `app/`; paths are of the checkout. */
export const processes: Readonly<Record<string, string>> = {
  'media-node': 'media-server/media-node/main.ts',
  'control-plane': 'media-server/control-plane/main.ts',
  'turn-server': 'media-server/turn-server/main.ts',
  'drain-agent': 'lifecycle-hooks/agent/main.ts',
  autoscaler: 'lifecycle-hooks/autoscaler/main.ts',
  'first-boot': 'lifecycle-hooks/boot/main.ts',
};
