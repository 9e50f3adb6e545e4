/**
 * The part of a network that belongs to a zone: the sixteenth of its letter. It follows from the zone alone, so that a zone
 * more, or another order, never moves the subnet of a zone in use, which would replace it under its machines.
 */
export function subnetCidr(networkCidr: string, zone: string): string {
  const [address = '', length = ''] = networkCidr.split('/');
  const index = zone.charCodeAt(zone.length - 1) - 'a'.charCodeAt(0);
  const prefix = Number(length) + 4;
  if (!(index >= 0 && index < 16)) throw new Error(`zone ${zone} does not end in a letter from a to p`);
  if (!(prefix >= 20 && prefix <= 28)) throw new Error(`network ${networkCidr} must be /16 to /24`);
  const network = address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
  const size = 2 ** (32 - prefix);
  // The network's own address, whatever address within it was written.
  const base = network - (network % (size * 16)) + index * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${prefix}`;
}
