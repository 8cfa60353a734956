import { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';

/**
 * Whether an address lies in one of the networks (CIDR). An IPv4 address that comes as an IPv6 one is
 * the IPv4 address.
 */
export function isWithin(address: string, networks: readonly string[]): boolean {
  const given = plainAddress(address);
  if (isIP(given) === 0) return false;
  const family = familyOf(given);
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', prefix] = network.split('/');
    // Of the other kind none holds it: Node would look for ::ffff:192.0.2.7 in ::/1.
    if (familyOf(base) !== family) continue;
    list.addSubnet(base, Number(prefix ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return list.check(given, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}

/** Whether it is a network that a credential can be bound to: not everything, and IPv4 as IPv4. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || /[%]|^::ffff:/i.test(address)) return false;
  if (prefix === undefined) return true;
  const bits = Number(prefix);
  return /^\d{1,3}$/.test(prefix) && bits >= 1 && bits <= (family === 4 ? 32 : 128);
}

function plainAddress(address: string): string {
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return plain;
  const written = new SocketAddress({ address: plain, family: 'ipv6' }).address;
  const mapped = /^::ffff:([\d.]+)$/.exec(written)?.[1];
  return mapped !== undefined && isIPv4(mapped) ? mapped : written;
}
