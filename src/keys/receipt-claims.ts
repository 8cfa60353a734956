import { createHmac } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Mode } from '../domain/channel.ts';

export const receiptType = 'sotto-receipt+jwt';

/** What a receipt says: which version of which appointment is stored, and which fields it has. */
export interface ReceiptClaims {
  readonly jti: string;
  readonly iss: string;
  /** When it was accepted, in seconds since 1970 (RFC 7519, 2). */
  readonly iat: number;
  readonly organisation: string;
  readonly mode: Mode;
  readonly reference: string;
  readonly appointment: string;
  readonly version: number;
  /** JSON Pointers (RFC 6901) of every leaf of the request body, sorted by code unit. */
  readonly fields: readonly string[];
  /** base64url of HMAC-SHA-256, keyed with the salt, over the RFC 8785 form of the body. */
  readonly digest: string;
}

/** Pointers to everything in a body that is not a member's container; empty ones count as leaves. */
export function leafPointers(body: unknown): string[] {
  return collect(body, '').sort();
}

function collect(value: unknown, pointer: string): string[] {
  if (typeof value !== 'object' || value === null) return [pointer];
  const members = Object.entries(value);
  if (members.length === 0) return [pointer];
  return members.flatMap(([name, member]) => collect(member, `${pointer}/${escaped(name)}`));
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * The digest of a body under a receipt's salt. Without the salt, which only the booking system
 * has, nobody can try birth dates or phone numbers against it.
 */
export function receiptDigest(salt: string, body: unknown): string {
  return createHmac('sha256', Buffer.from(salt, 'base64url'))
    .update(canonicalize(body) ?? '')
    .digest('base64url');
}
