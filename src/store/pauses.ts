import type { Channel, Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { type AnyConnection, sqlState } from './database.ts';

/** What is paused: everything, an organisation, a channel, or a channel of an organisation. */
export interface PauseScope {
  readonly organisationId: string | undefined;
  readonly channel: Channel | undefined;
}

export interface Pause extends PauseScope {
  readonly id: string;
  readonly reason: string;
  readonly since: Date;
}

/** What a pause holds of one organisation. */
export interface HeldReminders {
  readonly organisationId: string;
  readonly mode: Mode;
  /** Due, and sent as soon as this pause ends. */
  readonly goingOut: number;
  /** Due, and held by something else too. */
  readonly stillHeld: number;
  /** Came to their end since the pause began, and were never handed over. */
  readonly expired: number;
}

/**
 * Pauses, unless exactly this is paused already.
 *
 * @returns whether it was not
 * @throws {AppError} `not_found` when there is no such organisation
 */
export async function insertPause(
  connection: AnyConnection,
  { id, organisationId, channel, reason }: PauseScope & { id: string; reason: string },
): Promise<boolean> {
  const { rowCount } = await connection
    .query(
      `insert into pauses (id, organisation_id, channel, reason) values ($1, $2, $3, $4)
       on conflict (organisation_id, channel) where ended_at is null do nothing`,
      [id, organisationId ?? null, channel ?? null, reason],
    )
    .catch((error: unknown) => {
      if (sqlState(error) === '23503') throw new AppError('not_found', { cause: error });
      throw error;
    });
  return rowCount === 1;
}

/** @returns whether exactly this was paused */
export async function endPause(
  connection: AnyConnection,
  { organisationId, channel }: PauseScope,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update pauses set ended_at = clock_timestamp() where ended_at is null
       and organisation_id is not distinct from $1 and channel is not distinct from $2`,
    [organisationId ?? null, channel ?? null],
  );
  return rowCount === 1;
}

/** Every pause that holds something now and that the connection may see, oldest first. */
export async function listActivePauses(connection: AnyConnection): Promise<Pause[]> {
  const { rows } = await connection.query(
    `select id, organisation_id, channel, reason, created_at from pauses where ended_at is null
     order by created_at, id`,
  );
  return rows.map((row) => ({
    id: row.id,
    organisationId: row.organisation_id ?? undefined,
    channel: row.channel ?? undefined,
    reason: row.reason,
    since: row.created_at,
  }));
}

/** What ending exactly this pause lets go, by organisation and mode, of organisations with any. */
export async function countHeldReminders(
  connection: AnyConnection,
  { organisationId, channel }: PauseScope,
): Promise<HeldReminders[]> {
  const { rows } = await connection.query(
    `select organisation_id as "organisationId", mode, going_out as "goingOut",
       still_held as "stillHeld", expired from count_held_reminders($1, $2)`,
    [organisationId ?? null, channel ?? null],
  );
  return rows;
}
