import type { Owner } from './appointment-reads.ts';
import type { Database } from './database.ts';

/** From the first moment up to but not including the last. */
export interface LedgerSpan {
  readonly from: Temporal.Instant;
  readonly until: Temporal.Instant;
}

/** How many steps into a state an hour saw. */
export interface HourlySteps {
  readonly hour: Date;
  readonly state: string;
  readonly count: number;
}

/** The receipts of one hour, or of all of them together. */
export interface ReceiptsDigest {
  /** Null: of the whole span. */
  readonly hour: Date | null;
  readonly count: number;
  /** SHA-256, in hexadecimal, of the sorted ids written one after the other. */
  readonly digest: string;
}

/**
 * What one organisation's hours saw. Steps that only say which process has a reminder in hand are left
 * out, as in the event feed. What is read is that organisation's part of the span, whatever is kept.
 */
export async function readLedgerHours(
  database: Database,
  { organisationId, mode, from, until }: Owner & LedgerSpan,
): Promise<{ steps: HourlySteps[]; receipts: ReceiptsDigest[] }> {
  const span = [from.toString(), until.toString()];
  return database.transaction([organisationId], async (connection) => {
    const around = await connection.query(
      `select after_transaction::text as after, before_transaction::text as before
       from find_transactions_around($1, $2)`,
      span,
    );
    const { after, before } = around.rows[0];
    const steps = await connection.query<HourlySteps>(
      `select date_trunc('hour', created_at, 'UTC') as hour, to_state as state, count(*)::float8 as count
       from events
       where organisation_id = $1 and mode = $2
         and transaction_id > $5::xid8 and transaction_id < $6::xid8
         and created_at >= $3 and created_at < $4 and reminder_id is not null
         and to_state is not null and to_state is distinct from from_state
         and to_state not in ('queued', 'sending')
         and not (to_state = 'scheduled' and coalesce(from_state in ('queued', 'sending'), false))
       group by 1, 2 order by 1, 2`,
      [organisationId, mode, ...span, after, before],
    );
    const receipts = await connection.query<ReceiptsDigest>(
      `select date_trunc('hour', issued_at, 'UTC') as hour, count(*)::float8 as count,
         encode(sha256(convert_to(coalesce(string_agg(receipt_id::text, '' order by receipt_id), ''),
           'UTF8')), 'hex') as digest
       from receipts
       where organisation_id = $1 and mode = $2 and issued_at >= $3 and issued_at < $4
       group by grouping sets ((date_trunc('hour', issued_at, 'UTC')), ()) order by 1 nulls last`,
      [organisationId, mode, ...span],
    );
    return { steps: steps.rows, receipts: receipts.rows };
  });
}
