import type { Connection } from './database.ts';

/** What a callback is about, by the address that it came to. */
export const callbackKinds = ['twilio_status', 'twilio_inbound', 'email_bounce'] as const;
export type CallbackKind = (typeof callbackKinds)[number];

/** A provider's callback as it was kept: nobody but the worker can open it. */
export interface SealedCallback {
  readonly id: string;
  readonly kind: CallbackKind;
  readonly epochDay: string;
  readonly sealed: Buffer;
  /** The database's time, as it writes it. */
  readonly receivedAt: string;
  readonly failedCount: number;
}

/**
 * Locks callbacks for this transaction, oldest first; what another worker has is passed over.
 * One that failed waits longer each time before it is taken again.
 */
export async function lockCallbacks(
  connection: Connection,
  { kind, countMax }: { kind: CallbackKind; countMax: number },
): Promise<SealedCallback[]> {
  const { rows } = await connection.query({
    name: 'lock callbacks',
    text: `select id, epoch_day::text as epoch_day, sealed, received_at::text as received_at, failed_count
      from sealed_callbacks
      where kind = $1
        and (failed_at is null
          or failed_at <= now() - (failed_count * failed_count) * interval '10 seconds')
      order by sealed_callbacks.received_at, id limit $2 for update skip locked`,
    values: [kind, countMax],
  });
  return rows.map((row) => ({
    id: row.id,
    kind,
    epochDay: row.epoch_day,
    sealed: row.sealed,
    receivedAt: row.received_at,
    failedCount: row.failed_count,
  }));
}

export async function deleteCallbacks(
  connection: Connection,
  ids: readonly string[],
): Promise<void> {
  await connection.query('delete from sealed_callbacks where id = any($1::uuid[])', [ids]);
}

export async function countCallbackFailures(
  connection: Connection,
  ids: readonly string[],
): Promise<void> {
  await connection.query(
    `update sealed_callbacks set failed_count = failed_count + 1, failed_at = clock_timestamp()
     where id = any($1::uuid[])`,
    [ids],
  );
}
