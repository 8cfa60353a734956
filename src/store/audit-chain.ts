import type { AuditChain, AuditContent } from '../domain/audit-chain.ts';
import type { AnyConnection } from './database.ts';

/** A line as it is stored. */
export interface AuditLine extends AuditContent {
  readonly hash: string;
}

/** Everything that follows in this transaction sees what there is now, for as long as it takes. */
export async function seeOneMoment(connection: AnyConnection): Promise<void> {
  await connection.query('set transaction isolation level repeatable read, read only');
  await connection.query('set local statement_timeout = 0');
}

interface StoredChain {
  readonly baseId: number;
  readonly baseHash: string;
  readonly lastId: number;
  readonly lastHash: string;
  readonly lastAt: Date | null;
  readonly life: number;
  readonly now: Date;
}

/** What the database says of the chain, and the database's time. */
export async function readAuditChain(
  connection: AnyConnection,
): Promise<{ chain: AuditChain; now: Date }> {
  const { rows } = await connection.query(
    `select base_id::float8 as "baseId", encode(base_hash, 'hex') as "baseHash",
       last_id::float8 as "lastId", encode(last_hash, 'hex') as "lastHash",
       (select a.at from audit a where a.id = last_id) as "lastAt",
       (select max(l.number) from database_lives l) as life, clock_timestamp() as now
     from audit_chain`,
  );
  const [{ baseId, baseHash, lastId, lastHash, lastAt, life, now }] = rows as [StoredChain];
  return {
    now,
    chain: {
      life,
      base: { id: baseId, hash: baseHash },
      last: { id: lastId, hash: lastHash },
      lastAt,
    },
  };
}

/** The lines after one, oldest first. */
export async function listAuditLines(
  connection: AnyConnection,
  { after, countMax }: { after: number; countMax: number },
): Promise<AuditLine[]> {
  const { rows } = await connection.query<AuditLine>(
    `select id::float8, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, actor,
       action, organisation_id as "organisationId", subject, reason, encode(hash, 'hex') as hash
     from audit where id > $1 order by id limit $2`,
    [after, countMax],
  );
  return rows;
}

/** The hashes of these lines, of those that are there. */
export async function readAuditHashes(
  connection: AnyConnection,
  ids: readonly number[],
): Promise<Map<number, string>> {
  const { rows } = await connection.query<{ id: number; hash: string }>(
    `select id::float8, encode(hash, 'hex') as hash from audit where id = any($1::bigint[])`,
    [ids],
  );
  return new Map(rows.map(({ id, hash }) => [id, hash]));
}
