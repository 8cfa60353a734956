import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * What no organisation's server can have.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const refusedIpv4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by a carrier's customers
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // Azure's own answers to its machines
  '169.254.0.0/16', // link-local, and cloud metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments, and Oracle's metadata
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];

/**
 * The one block of IPv6 that holds public addresses. Outside of it are loopback, link-local,
 * unique-local and multicast ones, and those that carry an IPv4 address: mapped, compatible, NAT64.
 */
const publicIpv6 = '2000::/3';

/** @see https://www.iana.org/assignments/iana-ipv6-special-registry */
const refusedIpv6 = [
  '2001::/23', // protocol assignments: Teredo, ORCHID, benchmarks, AMT
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which carries an IPv4 address
  '2620:4f:8000::/48', // AS112
  '3fff::/20', // documentation
];

const refused = listOf([...refusedIpv4, ...refusedIpv6]);
const global = listOf([publicIpv6]);
const loopback = listOf(['127.0.0.0/8']);

/**
 * Whether an address leads to the public internet, and so to nothing beside us.
 *
 * @param address as a resolver or a socket tells it; anything else is not public
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refused.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  return global.check(address, 'ipv6') && !refused.check(address, 'ipv6');
}

export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIPv4(address) && loopback.check(address));
}

function listOf(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits] = subnet.split('/');
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}
