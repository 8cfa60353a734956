import { BlockList } from 'node:net';
import { expect } from 'vitest';

interface Service {
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly networks?: unknown;
}
interface Network {
  readonly ipam?: { readonly config?: readonly { subnet?: string; ip_range?: string }[] };
}

/** Roles that are asked by others believe the proxy alone, at an address of this network that nobody else can get. */
export function expectProxyBelieved(
  services: Readonly<Record<string, Service>>,
  networks: Readonly<Record<string, Network>>,
  name: string,
): void {
  const [{ subnet = '', ip_range: range = '' } = {}] = networks[name]?.ipam?.config ?? [];
  const at = services.proxy?.networks as Record<string, { ipv4_address: string }>;
  const address = at[name]?.ipv4_address ?? '';
  for (const role of ['api', 'patient']) {
    expect(services[role]?.environment?.TRUSTED_PROXIES).toBe(address);
  }
  const holds = (network: string) => {
    const [start = '', bits] = network.split('/');
    const list = new BlockList();
    list.addSubnet(start, Number(bits));
    return list.check(address);
  };
  expect([holds(subnet), holds(range)]).toEqual([true, false]);
}
