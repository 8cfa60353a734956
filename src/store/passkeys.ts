import type { Mode } from '../domain/channel.ts';
import type { Connection } from './database.ts';

/** A passkey as it is stored. */
export interface StoredPasskey {
  readonly id: string;
  readonly subjectIndex: Buffer;
  readonly sealed: Buffer;
  readonly signCount: number;
  /** `YYYY-MM-DD`, in UTC. */
  readonly createdOn: string;
  readonly usedOn: string;
}

/** @param indexes of one person, under every key there is */
export async function hasPasskeys(
  connection: Connection,
  indexes: readonly Buffer[],
): Promise<boolean> {
  const { rows } = await connection.query<{ found: boolean }>(
    'select exists (select from passkeys where subject_index = any($1)) as found',
    [indexes],
  );
  return rows[0]?.found ?? false;
}

/** Oldest first. */
export async function listPasskeys(
  connection: Connection,
  indexes: readonly Buffer[],
): Promise<StoredPasskey[]> {
  const { rows } = await connection.query<StoredPasskey>(
    `select id, subject_index as "subjectIndex", sealed, sign_count::float8 as "signCount",
       created_on::text as "createdOn", used_on::text as "usedOn"
     from passkeys where subject_index = any($1) order by created_on, id`,
    [indexes],
  );
  return rows;
}

/** Makes everyone else who adds one for the same person wait until the transaction ends. */
export async function lockPasskeysOf(connection: Connection, index: Buffer): Promise<void> {
  await connection.query(`select pg_advisory_xact_lock(hashtextextended('passkeys:' || $1, 0))`, [
    index.toString('hex'),
  ]);
}

export async function insertPasskey(
  connection: Connection,
  passkey: Pick<StoredPasskey, 'id' | 'subjectIndex' | 'sealed' | 'signCount'> & {
    organisationId: string;
    mode: Mode;
  },
): Promise<void> {
  const { id, organisationId, mode, subjectIndex, sealed, signCount } = passkey;
  await connection.query(
    `insert into passkeys (id, organisation_id, mode, subject_index, sealed, sign_count)
     values ($1, $2, $3, $4, $5, $6)`,
    [id, organisationId, mode, subjectIndex, sealed, signCount],
  );
}

/**
 * Notes that a passkey was used, once for each question and with a count that goes up, or stays 0.
 *
 * @returns whether it was: a copy of it, or a copy of its answer, may have been used before
 */
export async function notePasskeyUse(
  connection: Connection,
  { id, signCount, challenge }: { id: string; signCount: number; challenge: Buffer },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update passkeys set sign_count = $2, used_challenge = $3,
       used_on = (clock_timestamp() at time zone 'UTC')::date
     where id = $1 and (sign_count < $2 or (sign_count = 0 and $2 = 0))
       and used_challenge is distinct from $3`,
    [id, signCount, challenge],
  );
  return rowCount === 1;
}

/** Forgets all of a person's. @returns their ids */
export async function deletePasskeysOf(
  connection: Connection,
  indexes: readonly Buffer[],
): Promise<string[]> {
  const { rows } = await connection.query<{ id: string }>(
    'delete from passkeys where subject_index = any($1) returning id',
    [indexes],
  );
  return rows.map(({ id }) => id);
}

/** @returns whether it was there, and this person's */
export async function deletePasskey(
  connection: Connection,
  { id, indexes }: { id: string; indexes: readonly Buffer[] },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    'delete from passkeys where id = $1 and subject_index = any($2)',
    [id, indexes],
  );
  return rowCount === 1;
}
