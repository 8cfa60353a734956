import { utcDay } from '../domain/link-expiry.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { Database } from '../store/database.ts';
import { isReachable } from '../store/reachability.ts';

/**
 * Whether the API could accept an appointment now: PostgreSQL answers, and the sealing key of today
 * is published.
 */
export async function apiReadiness({
  database,
  keys,
  now,
}: {
  database: Database;
  keys: Pick<KeyStore, 'epochPublicKey'>;
  now: () => Temporal.Instant;
}): Promise<{ postgres: { ok: boolean }; keys: { ok: boolean } }> {
  const [postgres, epochKey] = await Promise.all([
    isReachable(database),
    keys.epochPublicKey(utcDay(now())).catch(() => undefined),
  ]);
  return { postgres: { ok: postgres }, keys: { ok: epochKey !== undefined } };
}
