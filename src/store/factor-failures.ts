import type { Factor, Tally } from '../domain/factor.ts';
import type { Connection } from './database.ts';

/** Which counters a try belongs to. */
export interface TryKey {
  readonly organisationId: string;
  readonly appointmentId: string;
  readonly linkId: string;
  readonly reminderId: string;
  readonly factor: Factor;
  /** Hash of the address it came from, under a key of the link. */
  readonly source: Buffer;
}

/**
 * Counts a try before anyone looks at the answer, and returns the counters with it.
 *
 * To be committed before the comparison: a process that dies in between has used the try up, and
 * tries that arrive together each see the others. A source whose pause is over starts anew.
 */
export async function countTry(connection: Connection, key: TryKey): Promise<Tally> {
  const { rows } = await connection.query<Tally>({
    name: 'count try',
    text: `with factor as (
        insert into factor_failures as f (organisation_id, appointment_id, factor, failed_count)
        values ($1, $2, $3, 1)
        on conflict (appointment_id, factor) do update
          set failed_count = f.failed_count + (f.locked_at is null)::integer
        returning failed_count, locked_at is not null as locked)
      -- Of the factor's row, which all take first.
      insert into source_failures as s (organisation_id, link_id, source, failed_count)
      select $1, $4, $5, 1 from factor
      on conflict (link_id, source) do update set
        failed_count = case when s.paused_until <= clock_timestamp() then 1 else s.failed_count + 1 end,
        paused_until = case when s.paused_until <= clock_timestamp() then null else s.paused_until end,
        updated_at = clock_timestamp()
      returning failed_count as "sourceCount", paused_until is not null as "sourcePaused",
        (select failed_count from factor) as "factorCount", (select locked from factor) as locked`,
    values: [key.organisationId, key.appointmentId, key.factor, key.linkId, key.source],
  });
  const full = Number.POSITIVE_INFINITY;
  return rows[0] ?? { factorCount: full, locked: true, sourceCount: full, sourcePaused: true };
}

/**
 * Takes a right answer out of the counters again.
 *
 * @param clearsSource whether it opened everything, so that what its source got wrong before is
 *   forgotten: else someone who knows a birth date could guess PINs without a pause
 * @returns the help code when the factor was locked meanwhile, by a try that came at the same time
 */
export async function giveTryBack(
  connection: Connection,
  key: TryKey,
  { clearsSource }: { clearsSource: boolean },
): Promise<{ helpCode: string | undefined }> {
  // No row: a notice has cleared the lock-out meanwhile, and there is nothing to take back.
  const { rows } = await connection.query<{ help_code: string | null }>({
    name: 'give try back',
    text: `update factor_failures set failed_count = greatest(failed_count - (locked_at is null)::integer, 0)
      where appointment_id = $1 and factor = $2 returning help_code`,
    values: [key.appointmentId, key.factor],
  });
  const ofSource = 'where link_id = $1 and source = $2';
  await connection.query({
    ...(clearsSource
      ? { name: 'forget source', text: `delete from source_failures ${ofSource}` }
      : {
          name: 'give source back',
          text: `update source_failures set failed_count = greatest(failed_count - 1, 0) ${ofSource}`,
        }),
    values: [key.linkId, key.source],
  });
  return { helpCode: rows[0]?.help_code ?? undefined };
}

/**
 * Draws the consequences of a wrong answer: pauses its source, locks the factor and says so in an
 * event, once.
 *
 * @param helpCode becomes the lock's if this answer is the one that locks
 * @returns the lock's help code when the factor is locked
 */
export async function settleWrongTry(
  connection: Connection,
  key: TryKey,
  limits: {
    perFactorMax: number;
    perSourceMax: number;
    sourcePauseMinutes: number;
    helpCode: string;
  },
): Promise<{ helpCode: string | undefined; lockedNow: boolean }> {
  const locking = await connection.query(
    `update factor_failures set locked_at = clock_timestamp(), help_code = $4
     where appointment_id = $1 and factor = $2 and failed_count >= $3 and locked_at is null`,
    [key.appointmentId, key.factor, limits.perFactorMax, limits.helpCode],
  );
  const lockedNow = locking.rowCount === 1;
  if (lockedNow) await recordLock(connection, key);
  await connection.query(
    `update source_failures set paused_until = clock_timestamp() + make_interval(mins => $4)
     where link_id = $1 and source = $2 and failed_count >= $3 and paused_until is null`,
    [key.linkId, key.source, limits.perSourceMax, limits.sourcePauseMinutes],
  );
  const { rows } = await connection.query<{ help_code: string | null }>(
    `select help_code from factor_failures
     where appointment_id = $1 and factor = $2 and locked_at is not null`,
    [key.appointmentId, key.factor],
  );
  return { helpCode: rows[0]?.help_code ?? undefined, lockedNow };
}

/** Tells the booking system that only a new link can help this patient now. */
async function recordLock(connection: Connection, key: TryKey): Promise<void> {
  await connection.query(
    `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, reason_code)
     select organisation_id, mode, 'reminder.needs_reissue', reference, id, $2, 'factor_locked'
     from appointments where id = $1`,
    [key.appointmentId, key.reminderId],
  );
}
