import type { Connection } from './database.ts';

/** Whose a code is: one link, opened in one browser session. */
export interface CodeOwner {
  readonly linkId: string;
  /** Hash of the session's id. */
  readonly session: Buffer;
}

/**
 * A button that is pressed twice sends its form twice, and the browser shows the second answer: for
 * a moment a used code opens what it has just opened, in the session that it is bound to.
 */
const pressedTwice = `used_at > clock_timestamp() - interval '5 seconds'`;

/** The newest code of a link, which alone counts. */
export interface StoredCode {
  readonly id: string;
  readonly session: Buffer;
  readonly hash: Buffer;
  /** Neither used nor expired nor withdrawn. */
  readonly live: boolean;
}

/**
 * Makes everyone else who wants to send a code for this link wait until the transaction ends, so
 * that two who press the button at once are counted one after the other.
 */
export async function lockCodesOf(connection: Connection, linkId: string): Promise<void> {
  await connection.query(`select pg_advisory_xact_lock(hashtextextended('codes:' || $1, 0))`, [
    linkId,
  ]);
}

/** How many codes were sent for a link lately, and whether the last one asked for is too young. */
export async function readCodeTally(
  connection: Connection,
  { linkId, pauseS }: { linkId: string; pauseS: number },
): Promise<{ sent: number; pausing: boolean }> {
  const { rows } = await connection.query<{ sent: number; pausing: boolean }>(
    `select count(*) filter (where withdrawn_at is null)::integer as sent,
       coalesce(bool_or(created_at > clock_timestamp() - make_interval(secs => $2)), false) as pausing
     from codes where link_id = $1`,
    [linkId, pauseS],
  );
  return rows[0] ?? { sent: Number.POSITIVE_INFINITY, pausing: true };
}

export async function insertCode(
  connection: Connection,
  code: CodeOwner & { id: string; organisationId: string; hash: Buffer; minutes: number },
): Promise<void> {
  await connection.query(
    `insert into codes (id, organisation_id, link_id, session_hash, code_hash, expires_at)
     values ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(mins => $6))`,
    [code.id, code.organisationId, code.linkId, code.session, code.hash, code.minutes],
  );
}

/** Takes a code back that certainly nobody got. It still makes the next one wait. */
export async function withdrawCode(connection: Connection, id: string): Promise<void> {
  await connection.query(`update codes set withdrawn_at = clock_timestamp() where id = $1`, [id]);
}

export async function readNewestCode(
  connection: Connection,
  linkId: string,
): Promise<StoredCode | undefined> {
  const { rows } = await connection.query<StoredCode>(
    `select id, session_hash as session, code_hash as hash,
       (used_at is null or ${pressedTwice}) and expires_at > clock_timestamp() as live
     from codes where link_id = $1 and withdrawn_at is null
     order by created_at desc, id desc limit 1`,
    [linkId],
  );
  return rows[0];
}

/**
 * Uses a code up.
 *
 * @returns false when it was used before that, or has expired meanwhile
 */
export async function useCode(connection: Connection, id: string): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update codes set used_at = coalesce(used_at, clock_timestamp())
     where id = $1 and (used_at is null or ${pressedTwice}) and withdrawn_at is null
       and expires_at > clock_timestamp()`,
    [id],
  );
  return rowCount === 1;
}
