import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Secret } from '../domain/secret.ts';
import type { Database } from '../store/database.ts';
import { findSuppressedIndexes } from '../store/suppressions.ts';

/** What a contact point is found by among those that said stop: HMAC-SHA-256 under the pepper. */
export function suppressionIndex(pepper: KeyObject, contactPoint: Secret<string>): Buffer {
  return createHmac('sha256', pepper).update(contactPoint.reveal()).digest();
}

/** A look-up of contact points that said stop, made once for a process. */
export function createSuppressionLookup(deps: {
  database: Pick<Database, 'query'>;
  pepper: Secret<Buffer>;
}): (
  contacts: readonly { reminderId: string; to: Secret<string> }[],
) => Promise<ReadonlySet<string>> {
  const pepper = createSecretKey(deps.pepper.reveal());
  return async (contacts) => {
    if (contacts.length === 0) return new Set();
    const indexes = contacts.map(({ to }) => suppressionIndex(pepper, to));
    const found = await findSuppressedIndexes(deps.database, indexes);
    const suppressed = new Set(found.map((index) => index.toString('hex')));
    return new Set(
      contacts
        .filter((_, place) => suppressed.has(indexes[place]?.toString('hex') ?? ''))
        .map(({ reminderId }) => reminderId),
    );
  };
}
