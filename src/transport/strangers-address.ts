import type { ClientRequest } from 'node:http';
import { isIP, isIPv4, type LookupFunction } from 'node:net';
import type { DeliveryFault } from '../domain/webhook.ts';
import type { ResolveName } from './resolve-name.ts';
import type { WebhookTarget } from './webhook-target.ts';

/** Why nothing is asked of an address that a stranger chose. */
export class Refused extends Error {
  readonly code: DeliveryFault;
  constructor(code: DeliveryFault) {
    super(code);
    this.code = code;
  }
}

/** How a stranger's name is turned into addresses, and which of them will do. */
export interface AddressRules {
  readonly resolveName: ResolveName;
  /** Of addresses that are not this machine's: whether to connect to one. */
  readonly mayConnectTo: (address: string) => boolean;
}

/**
 * The addresses of a target. If a single one of them will not do, none is used.
 *
 * @throws {Refused} `name_not_found`, `address_refused`
 */
export async function resolveTarget(
  { host, isLoopback }: WebhookTarget,
  { resolveName, mayConnectTo }: AddressRules,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (isLoopback) return host === 'localhost' ? ['127.0.0.1', '::1'] : [host];
  const addresses = isIP(host) === 0 ? await resolveName(host, signal) : [host];
  signal.throwIfAborted();
  if (addresses.length === 0) throw new Refused('name_not_found');
  if (!addresses.every(mayConnectTo)) throw new Refused('address_refused');
  return addresses;
}

/** Gives what was resolved before, whatever is asked for. */
export function lookupOf(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }));
  return (_name, options, callback) => {
    const [first] = found;
    if (options.all || !first) callback(null, found);
    else callback(null, first.address, first.family);
  };
}

/** Looks at who answers once connected, before TLS is agreed on and anything of the request is written. */
export function checkPeer(request: ClientRequest, isAllowed: (address: string) => boolean): void {
  request.once('socket', (socket) => {
    const check = () => {
      if (!isAllowed(socket.remoteAddress ?? '')) request.destroy(new Refused('address_refused'));
    };
    if (socket.connecting) socket.once('connect', check);
    else check();
  });
}
