import type { BulkAction } from '../domain/second-person.ts';
import type { AnyConnection } from './database.ts';

/** Something that a second person has to approve. */
export interface OpsRequest {
  readonly id: string;
  readonly action: BulkAction;
  readonly details: Readonly<Record<string, string>>;
  readonly shown: number;
  readonly askedBy: string;
  readonly askedPerson: string;
  readonly reason: string;
  readonly askedAt: Date;
  readonly expiresAt: Date;
  readonly decision: 'approved' | 'declined' | null;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  /** Whoever asked has an account, and by none of theirs may still do it. */
  readonly isAskerGone: boolean;
}

/** A person may have an account for the pages, or type commands alone. */
const isAskerGone = `(exists (select from ops_users u where lower(u.name) = asked_person) and not exists (
  select from ops_users u where lower(u.name) = asked_person and u.disabled_at is null and u.role <> 'viewer'))`;

const columns = `id, action, details, shown, asked_by as "askedBy", asked_person as "askedPerson", reason,
  asked_at as "askedAt", expires_at as "expiresAt", decision, decided_by as "decidedBy",
  decided_at as "decidedAt", ${isAskerGone} as "isAskerGone"`;

/** The id of a new one, or of the one that the same person has open for the same: pressed twice, asked once. */
export async function insertOpsRequest(
  connection: AnyConnection,
  request: Pick<OpsRequest, 'action' | 'details' | 'shown' | 'askedBy' | 'askedPerson' | 'reason'>,
): Promise<{ id: string; isNew: boolean }> {
  const { action, details, shown, askedBy, askedPerson, reason } = request;
  const same = [action, JSON.stringify(details), askedPerson];
  const isOfTheSame =
    'decision is null and action = $1 and details = $2::jsonb and asked_person = $3';
  await connection.query(
    `delete from ops_requests where ${isOfTheSame} and expires_at <= clock_timestamp()`,
    same,
  );
  // Of two at the same moment the second waits for the first, and then sees it.
  const { rows } = await connection.query<{ id: string }>(
    `insert into ops_requests (action, details, asked_person, shown, asked_by, reason)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (action, details, asked_person) where decision is null do nothing returning id`,
    [...same, shown, askedBy, reason],
  );
  const [made] = rows;
  if (made) return { id: made.id, isNew: true };
  const open = await connection.query<{ id: string }>(
    `select id from ops_requests where ${isOfTheSame}`,
    same,
  );
  return { id: open.rows[0]?.id ?? '', isNew: false };
}

/** Those that wait, and then those of the last day, newest first. */
export async function listOpsRequests(connection: AnyConnection): Promise<OpsRequest[]> {
  const { rows } = await connection.query<OpsRequest>(
    `select ${columns} from ops_requests where asked_at > clock_timestamp() - interval '1 day'
     order by decision is not null or expires_at <= clock_timestamp(), asked_at desc limit 50`,
  );
  return rows;
}

export async function readOpsRequest(
  connection: AnyConnection,
  id: string,
): Promise<OpsRequest | undefined> {
  const { rows } = await connection.query<OpsRequest>(
    `select ${columns} from ops_requests where id = $1`,
    [id],
  );
  return rows[0];
}

/**
 * Keeps one that waits from being decided by anybody else.
 *
 * @returns false when it does not wait any more
 */
export async function lockOpsRequest(connection: AnyConnection, id: string): Promise<boolean> {
  // A role sees no other row to lock than one that it may decide.
  const { rowCount } = await connection.query(
    'select id from ops_requests where id = $1 and decision is null for no key update',
    [id],
  );
  return rowCount === 1;
}

/**
 * Decides one that waits. In the name of somebody who may not do it any more nothing is approved.
 *
 * @returns false when it does not wait any more, or not for this
 */
export async function decideOpsRequest(
  connection: AnyConnection,
  input: { id: string; decision: 'approved' | 'declined'; by: string; person: string },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update ops_requests set decision = $2, decided_by = $3, decided_person = $4,
       decided_at = clock_timestamp()
     where id = $1 and ($2 = 'declined' or not ${isAskerGone})`,
    [input.id, input.decision, input.by, input.person],
  );
  return rowCount === 1;
}
