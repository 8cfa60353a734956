import { utcDay } from '../domain/link-expiry.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { Database } from '../store/database.ts';
import { readDatabaseDay } from '../store/epoch-days.ts';

export interface KeepPhoneDaysDeps {
  readonly database: Pick<Database, 'query'>;
  readonly keys: Pick<KeyStore, 'listPhoneDays' | 'destroyPhoneDayKey'>;
  readonly now: () => Temporal.Instant;
}

/**
 * Destroys the keys that phones were counted under on days that are over, by our clock and by the
 * database's: from then on nobody can tell which phone a count was of.
 */
export async function keepPhoneDays({ database, keys, now }: KeepPhoneDaysDeps): Promise<void> {
  const ours = utcDay(now());
  const past = (await keys.listPhoneDays()).filter((day) => day < ours);
  if (past.length === 0) return;
  const theirs = await readDatabaseDay(database);
  for (const day of past.filter((day) => day < theirs)) await keys.destroyPhoneDayKey(day);
}
