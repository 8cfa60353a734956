import { limits } from '../../config/limits.ts';
import { utcDay } from '../domain/link-expiry.ts';
import type { Secret } from '../domain/secret.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { openParcel } from '../keys/open-parcel.ts';
import { sealParcel } from '../keys/sealing.ts';
import type { Database } from '../store/database.ts';
import { type AgeingParcel, findAgeingParcels, replaceParcels } from '../store/parcels.ts';
import { findParcelsOfDay, readRevokedDays } from '../store/revoked-keys.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import { daysAfter } from './keep-epoch-keys.ts';

export interface ResealDeps {
  readonly keys: Pick<KeyStore, 'epochPrivateKey' | 'epochPublicKey'>;
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly now: () => Temporal.Instant;
  readonly log: Log;
}

const parcelsMax = 500;
const firstId = '00000000-0000-0000-0000-000000000000';

/**
 * Seals to today what is still needed and was sealed to a day whose key is about to go; or to the next day
 * whose key nobody else has.
 *
 * What is settled has been emptied before, so everything that is left is owed, in doubt, or sent so
 * lately that another channel may yet be tried. One that does not open is left as it is: it keeps its
 * key, whose duty raises the alarm.
 *
 * @returns how many were sealed anew
 * @throws once all others are sealed anew, where a day's key could not be read
 */
export async function resealOwedParcels(deps: ResealDeps): Promise<number> {
  const today = utcDay(deps.now());
  const before = daysAfter(today, -1);
  const reader = keyReader(deps);
  let count = 0;
  let kept: KeptDay | undefined;
  for (let after = firstId; ; ) {
    const ageing = await findAgeingParcels(deps.database, { before, after });
    const last = ageing.at(-1);
    if (!last) break;
    after = last.linkId;
    kept ??= await firstKeptDay(deps, today);
    if (!kept) break;
    const { day, epochPublicKey } = kept;
    const opened = await resealAll(deps, reader, { parcels: ageing, epochPublicKey });
    await deps.database.transaction([], (connection) => replaceParcels(connection, opened, day));
    count += opened.length;
  }
  reader.end();
  return count;
}

/**
 * Seals to another day what is sealed to one whose key somebody else may have: to the nearest whose key
 * nobody else has. Where there is none, it is left as it is until there is.
 *
 * @returns how many were sealed anew
 * @throws as `resealOwedParcels` does
 */
export async function resealRevokedDays(deps: ResealDeps): Promise<number> {
  const today = utcDay(deps.now());
  const revoked = await readRevokedDays(deps.database);
  const reader = keyReader(deps);
  let count = 0;
  for (const day of revoked) {
    let other: KeptDay | undefined;
    for (let after = firstId; ; ) {
      const parcels = await findParcelsOfDay(deps.database, { day, after, countMax: parcelsMax });
      const last = parcels.at(-1);
      if (!last) break;
      after = last.linkId;
      other ??= await nearestKeptDay(deps, { day, today, revoked });
      if (!other) {
        deps.log.error('no day is left to seal to', { code: 'every_day_revoked' });
        break;
      }
      const { day: otherDay, epochPublicKey } = other;
      const opened = await resealAll(deps, reader, { parcels, epochPublicKey });
      await deps.database.transaction([], (connection) =>
        replaceParcels(connection, opened, otherDay),
      );
      count += opened.length;
    }
  }
  reader.end();
  return count;
}

interface KeptDay {
  readonly day: string;
  readonly epochPublicKey: Buffer;
}

/** Today or, where somebody else may have its key, the next day whose key nobody else has. */
async function firstKeptDay(deps: ResealDeps, today: string): Promise<KeptDay | undefined> {
  const revoked = await readRevokedDays(deps.database);
  if (!revoked.includes(today)) {
    const epochPublicKey = await deps.keys.epochPublicKey(today);
    return epochPublicKey && { day: today, epochPublicKey };
  }
  return nearestKeptDay(deps, { day: today, today, revoked });
}

/** From today to the last that keys are made for; of two that are as near the earlier, whose key goes first. */
async function nearestKeptDay(
  { keys }: Pick<ResealDeps, 'keys'>,
  { day, today, revoked }: { day: string; today: string; revoked: readonly string[] },
): Promise<KeptDay | undefined> {
  const steps = Array.from({ length: limits.keyHorizonDays + 1 }, (_, step) => step);
  const others = steps
    .map((step) => daysAfter(today, step))
    .filter((other) => other !== day && !revoked.includes(other))
    .toSorted((one, another) => daysBetween(day, one) - daysBetween(day, another));
  for (const other of others) {
    const epochPublicKey = await keys.epochPublicKey(other);
    if (epochPublicKey) return { day: other, epochPublicKey };
  }
  return undefined;
}

function daysBetween(one: string, other: string): number {
  return Math.abs(Temporal.PlainDate.from(one).until(other).days);
}

interface KeyReader {
  keyOf(day: string): Promise<Secret<Buffer> | 'gone' | 'unread'>;
  /** @throws the first error that it met */
  end(): void;
}

/** Reads the key of each day once in a round: many parcels may wait for one that cannot be read. */
function keyReader({ keys }: ResealDeps): KeyReader {
  const read = new Map<string, Secret<Buffer> | 'gone' | 'unread'>();
  const failures: unknown[] = [];
  async function readKey(day: string) {
    try {
      return (await keys.epochPrivateKey(day)) ?? 'gone';
    } catch (error) {
      failures.push(error);
      return 'unread';
    }
  }
  return {
    async keyOf(day) {
      const key = read.get(day) ?? (await readKey(day));
      read.set(day, key);
      return key;
    },
    end() {
      if (failures.length > 0) throw failures[0];
    },
  };
}

async function resealAll(
  { log }: ResealDeps,
  { keyOf }: KeyReader,
  { parcels, epochPublicKey }: { parcels: readonly AgeingParcel[]; epochPublicKey: Buffer },
): Promise<(AgeingParcel & { replacement: Buffer })[]> {
  const resealed: (AgeingParcel & { replacement: Buffer })[] = [];
  for (const one of parcels) {
    const epochPrivateKey = await keyOf(one.parcelDay);
    if (epochPrivateKey === 'unread') continue;
    try {
      if (epochPrivateKey === 'gone') throw new Error('no_key');
      const parcel = openParcel({ epochPrivateKey, binding: one, sealed: one.parcel });
      resealed.push({ ...one, replacement: sealParcel({ epochPublicKey, binding: one, parcel }) });
    } catch (error) {
      const { reminderId } = one;
      log.error('a parcel could not be sealed anew', { ...errorFacts(error), reminderId });
    }
  }
  return resealed;
}
