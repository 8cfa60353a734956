import type { CallbackKind } from './callbacks.ts';
import type { Database } from './database.ts';

/** Whether an attempt by SMS with this token exists; nothing else is told of it. */
export async function isKnownAttempt(database: Database, token: Buffer): Promise<boolean> {
  const rows = await database.query('select attempt_id from find_attempt($1)', [token]);
  return rows.length > 0;
}

/** Stores a sealed callback; whoever stored it cannot read it back. */
export async function insertSealedCallback(
  database: Database,
  callback: {
    id: string;
    kind: CallbackKind;
    /** Of a callback whose address names an attempt. */
    attemptToken: Buffer | undefined;
    epochDay: string;
    sealed: Buffer;
  },
): Promise<void> {
  await database.query(
    `insert into sealed_callbacks (id, kind, attempt_token, epoch_day, sealed)
     values ($1, $2, $3, $4, $5)`,
    [callback.id, callback.kind, callback.attemptToken ?? null, callback.epochDay, callback.sealed],
  );
}
