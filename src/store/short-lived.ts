import type { KeptDays } from '../../config/kept-days.ts';
import { limits } from '../../config/limits.ts';
import { silentMaxS } from '../domain/duty-silence.ts';
import type { Connection } from './database.ts';

const rowsMax = 1_000;
const duties = Object.keys(silentMaxS)
  .map((duty) => `'${duty}'`)
  .join();

/** Rows of a table whose time is over. What is written here must come from code. */
export interface ShortLived {
  readonly table: string;
  readonly isOver: string;
}

/** Everything that goes by its own age, whatever else is kept. */
export function shortLived(keep: KeptDays): readonly ShortLived[] {
  // Not `clock_timestamp()`, which is volatile: every receipt there is would be read to find the old ones.
  const olderThan = (column: string, days: number) => `${column} < now() - interval '${days} days'`;
  return [
    { table: 'batches', isOver: olderThan('lease_until', 1) },
    // Well past the hour: the clocks of those who judge a token by its age may differ.
    { table: 'credential_tokens', isOver: `expires_at < clock_timestamp() - interval '1 hour'` },
    { table: 'credential_usage', isOver: olderThan('hour', 2) },
    { table: 'code_counts', isOver: olderThan('hour', 2) },
    { table: 'codes', isOver: olderThan('expires_at', 1) },
    // Of each duty the newest stays, so that one that nobody does any more is silent and not forgotten.
    {
      table: 'heartbeats',
      isOver: `${olderThan('beat_at', 1)} and (name not in (${duties}) or exists (
        select from heartbeats n where n.name = heartbeats.name and n.beat_at > heartbeats.beat_at))`,
    },
    {
      table: 'phone_day_counts',
      isOver: `day < (clock_timestamp() at time zone 'UTC')::date - 1`,
    },
    {
      table: 'passkeys',
      isOver: `used_on < (clock_timestamp() at time zone 'UTC')::date - ${limits.passkeyUnusedDaysMax}`,
    },
    { table: 'source_failures', isOver: olderThan('updated_at', 7) },
    { table: 'webhook_failures', isOver: olderThan('failed_at', 30) },
    { table: 'webhook_secrets', isOver: 'expires_at < clock_timestamp()' },
    { table: 'send_check_secrets', isOver: 'expires_at < clock_timestamp()' },
    { table: 'receipts', isOver: olderThan('issued_at', keep.events) },
    {
      table: 'ledger_proofs',
      isOver: `${olderThan('proved_at', 8)} and id < (select max(id) from ledger_proofs)`,
    },
    ...['minute_transitions', 'minute_hand_overs', 'minute_lateness', 'minute_opt_outs'].map(
      (table) => ({ table, isOver: olderThan('minute', 8) }),
    ),
  ];
}

/**
 * Deletes some of the rows that are over. One that is changed at that moment is left for the next time.
 *
 * @returns how many
 */
export async function deleteShortLived(
  connection: Connection,
  { table, isOver }: ShortLived,
): Promise<number> {
  const { rowCount } = await connection.query(
    `delete from ${table} where ${isOver}
       and ctid = any(array(select ctid from ${table} where ${isOver} limit ${rowsMax}))`,
  );
  return rowCount ?? 0;
}

/** Deletes some of what administrators and operators did, those of them who are gone, and old sessions. */
export async function deleteOldRecords(
  connection: Connection,
  { keptDays }: { keptDays: number },
): Promise<number> {
  const { rows } = await connection.query<{ count: number }>(
    'select delete_old_records($1, $2) as count',
    [keptDays, rowsMax],
  );
  return rows[0]?.count ?? 0;
}
