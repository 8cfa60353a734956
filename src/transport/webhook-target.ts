import { isIP } from 'node:net';
import { limits } from '../../config/limits.ts';
import { isLoopbackAddress, isPublicAddress } from './public-address.ts';

/** Where a webhook goes to. */
export interface WebhookTarget {
  readonly url: URL;
  /** A name, or an address without brackets. */
  readonly host: string;
  /** This machine, over plain HTTP: to try things out. */
  readonly isLoopback: boolean;
}

/** `private_address`: it names, in whatever spelling, what is not on the public internet. */
export type TargetFault = 'invalid_url' | 'private_address';

/** Blanks and control characters would be dropped in silence, and other letters changed. */
const visibleAscii = /^[\x21-\x7e]+$/;
const httpsPorts = ['', '8443']; // 443 is told as ''

/**
 * Reads the address of an endpoint: https on port 443 or 8443, without user, password or fragment. The
 * parser writes every spelling of an IPv4 address (decimal, octal, hexadecimal, shortened) as one, so
 * that what is looked at here is what would be connected to.
 *
 * @param loopbackAllowed whether plain HTTP to this machine will do, on any port
 * @see https://url.spec.whatwg.org/#concept-ipv4-parser
 */
export function readWebhookTarget(
  text: string,
  { loopbackAllowed }: { loopbackAllowed: boolean },
): WebhookTarget | TargetFault {
  if (text.length > limits.webhookUrlCharactersMax || !visibleAscii.test(text))
    return 'invalid_url';
  if (/[#\\]/.test(text) || !URL.canParse(text)) return 'invalid_url';
  const url = new URL(text);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.username !== '' || url.password !== '' || host.endsWith('.')) return 'invalid_url';
  if (url.protocol === 'http:' && loopbackAllowed) {
    const isLoopback = host === 'localhost' || isLoopbackAddress(host);
    return isLoopback ? { url, host, isLoopback } : 'invalid_url';
  }
  if (url.protocol !== 'https:' || !httpsPorts.includes(url.port)) return 'invalid_url';
  return isOnlyHere(host) ? 'private_address' : { url, host, isLoopback: false };
}

/** A name without a dot means something in a network of one's own alone. */
function isOnlyHere(host: string): boolean {
  if (isIP(host) !== 0) return !isPublicAddress(host);
  return !host.includes('.') || host.endsWith('.localhost');
}
