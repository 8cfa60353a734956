import { createHmac } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { Secret } from '../domain/secret.ts';
import { deriveFromLink } from './link-derivation.ts';

/**
 * Where a request comes from, as 32 bytes that say nothing about it without the key. Kept in memory only: with
 * the key all addresses can be tried.
 */
export function sourceHash(key: Secret<Buffer>, address: string): Buffer {
  return createHmac('sha256', key.reveal()).update(networkOf(address)).digest();
}

/**
 * What a source is stored as: of one link alone, and under a key that only the link holds, so that nobody who
 * has the database and every key can try addresses on it.
 *
 * @param source as `sourceHash` has it
 */
export function sourceOfLink(linkSecret: Secret<Buffer>, source: Buffer): Buffer {
  return createHmac('sha256', deriveFromLink(linkSecret, 'source')).update(source).digest();
}

/**
 * Who is counted as one source.
 *
 * An IPv6 address counts by its /64, which is what one household or phone is given (RFC 6177), and
 * an IPv4 address written as IPv6 counts as IPv4. What is no address is one source of its own.
 */
export function networkOf(address: string): string {
  if (isIPv4(address)) return address;
  const bare = address.split('%', 1)[0] ?? ''; // fe80::1%eth0
  if (!isIPv6(bare)) return 'unknown';
  const groups = ipv6Groups(bare);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) return ipv4Of(groups.slice(6));
  return groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':');
}

/** The eight groups of a valid address in any of its spellings (RFC 4291, 2.2). */
function ipv6Groups(address: string): number[] {
  const [head = [], tail] = address.split('::', 2).map(parseGroups);
  if (!tail) return head;
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function parseGroups(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function ipv4Of(groups: readonly number[]): string {
  return groups.flatMap((group) => [group >> 8, group & 0xff]).join('.');
}
