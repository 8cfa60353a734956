import { limits } from '../../config/limits.ts';
import { utcDay } from '../domain/link-expiry.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { Database } from '../store/database.ts';
import { readDatabaseDay, readDaysInUse } from '../store/epoch-days.ts';
import type { Log } from '../telemetry/log.ts';

/** Days before and after: an api whose clock is off must still find its day's key. */
const spareDays = 3;

/** Makes the epoch keys of every day that something may be sealed to. Cheap when they exist. */
export async function makeEpochKeys(deps: {
  keys: Pick<KeyStore, 'ensureEpochKeys'>;
  now: () => Temporal.Instant;
}): Promise<void> {
  await deps.keys.ensureEpochKeys({
    from: daysAfter(utcDay(deps.now()), -1),
    days: limits.keyHorizonDays + spareDays,
  });
}

/**
 * Reads what opens what is due until tomorrow is over, so that a store that remembers what it has read has
 * it though nobody answers there at midnight. A key that cannot be read now is read when it is needed.
 */
export async function readEpochKeysAhead(deps: {
  keys: Pick<KeyStore, 'epochPrivateKey'>;
  now: () => Temporal.Instant;
}): Promise<void> {
  const today = utcDay(deps.now());
  const days = [-1, 0, 1].map((ahead) => daysAfter(today, ahead));
  await Promise.allSettled(days.map((day) => deps.keys.epochPrivateKey(day)));
}

/**
 * Destroys the epoch keys of days that are over, so that nothing sealed to them opens again.
 *
 * Two clocks must agree that a day is over, ours and the database's. A key that something is still
 * sealed to stays, with an alarm: what is owed was to be sealed anew before.
 *
 * @returns the days whose keys are gone
 */
export async function destroyOldEpochKeys(deps: {
  keys: Pick<KeyStore, 'listEpochDays' | 'destroyEpochKey'>;
  database: Pick<Database, 'query'>;
  now: () => Temporal.Instant;
  log: Log;
}): Promise<string[]> {
  const days = [utcDay(deps.now()), await readDatabaseDay(deps.database)].sort();
  const lastKept = daysAfter(days[0] ?? '', -limits.epochKeyGraceDays);
  const over = (await deps.keys.listEpochDays()).filter((day) => day < lastKept);
  if (over.length === 0) return [];
  const inUse = await readDaysInUse(deps.database, over);
  const destroyed: string[] = [];
  for (const day of over) {
    if (inUse.has(day)) {
      deps.log.error('a key of a day that is over is still needed', { duty: 'epoch-keys' });
      continue;
    }
    await deps.keys.destroyEpochKey(day);
    destroyed.push(day);
  }
  if (destroyed.length > 0) deps.log.info('epoch keys destroyed', { count: destroyed.length });
  return destroyed;
}

/** Days are `YYYY-MM-DD`, and compare as text. */
export function daysAfter(day: string, days: number): string {
  return Temporal.PlainDate.from(day).add({ days }).toString();
}
