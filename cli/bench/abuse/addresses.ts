/**
 * The attackers' own addresses: everything in 127.0.0.0/8 is this machine on Linux, so they can come from elsewhere than
 * the people do, as they would in the world. Elsewhere all of them share one.
 */
export function attackerAddress(index: number): { readonly localAddress?: string } {
  if (process.platform !== 'linux') return {};
  return { localAddress: `127.66.${Math.floor(index / 250) % 250}.${(index % 250) + 1}` };
}
