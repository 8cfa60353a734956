import { randomUUID } from 'node:crypto';
import type { HighWaterMark, ServerIdentity } from '../domain/database-life.ts';
import type { Connection } from './database.ts';
import type { StoredLife } from './lives.ts';

/** What operators read where they see that sending is stopped. */
const stopReason = 'The database went back to a backup: see what was lost before you resume.';

/**
 * Begins another life, from which nothing can be sent yet, stops sending until a person resumes it, and
 * signs all operators out.
 *
 * Event ids and positions go on above all that the life before may have handed out.
 */
export async function beginLife(
  connection: Connection,
  input: {
    last: StoredLife;
    mark: HighWaterMark | undefined;
    server: ServerIdentity;
    isStopped: boolean;
  },
): Promise<void> {
  const { last, mark, server, isStopped } = input;
  // Numbering them anew takes the table of events for a moment; who cannot have it now tries again.
  await connection.query(`set local lock_timeout = '3s'`);
  await connection.query('select begin_life($1, $2, $3, $4, $5, $6)', [
    Math.max(last.number, mark?.life ?? 0) + 1,
    last.markedAt.toString(),
    server.identity,
    server.timeline,
    mark?.transaction ?? '0',
    mark?.event ?? '0',
  ]);
  await connection.query('select end_ops_sessions()');
  if (!isStopped) return;
  await connection.query(
    `insert into pauses (id, reason) values ($1, $2)
     on conflict (organisation_id, channel) where ended_at is null do nothing`,
    [randomUUID(), stopReason],
  );
}

/** Before every reminder. */
export const firstReminder = '00000000-0000-0000-0000-000000000000';

/**
 * Puts reminders in doubt that may have been sent since, the next ones in the order of their ids.
 *
 * @returns the last that was looked at; undefined when there are no more
 */
export async function doubtRestored(
  connection: Connection,
  input: {
    restoredTo: Temporal.Instant;
    from: Temporal.Instant;
    until: Temporal.Instant;
    after: string;
    countMax: number;
  },
): Promise<{ last: string | undefined; count: number }> {
  const { rows } = await connection.query(
    'select last_id, doubted from doubt_restored($1, $2, $3, $4, $5)',
    [
      input.restoredTo.toString(),
      input.from.toString(),
      input.until.toString(),
      input.after,
      input.countMax,
    ],
  );
  return { last: rows[0]?.last_id ?? undefined, count: rows[0]?.doubted ?? 0 };
}

/** Does these entries of the journal again. @returns how many were of something that is not here */
export async function replayEntries(
  connection: Connection,
  entries: readonly object[],
): Promise<number> {
  const { rows } = await connection.query<{ unknown: number }>(
    `select replay_journal($1::jsonb) as unknown, replay_check_removals($1::jsonb),
       replay_key_removals($1::jsonb), replay_tightenings($1::jsonb), replay_limits($1::jsonb),
       replay_passkey_removals($1::jsonb)`,
    [JSON.stringify(entries)],
  );
  await connection.query('select replay_revoked_keys($1::jsonb)', [JSON.stringify(entries)]);
  return rows[0]?.unknown ?? 0;
}

/** How many are in doubt for a restore, settled ones left out. */
export async function countInDoubt(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ count: number }>(
    `select count(*)::int as count from reminders where phase = 'uncertain' and reason_code = 'restored'`,
  );
  return rows[0]?.count ?? 0;
}
