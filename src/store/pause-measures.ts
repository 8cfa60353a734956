import type { Channel, Mode } from '../domain/channel.ts';
import type { AnyConnection } from './database.ts';
import type { PauseScope } from './pauses.ts';

/** Nothing is counted further than this, so that looking costs the same in the worst of backlogs. */
export const countedMax = 100_000;

/** Who began a pause, as the newest line of the audit about its scope says. */
export async function readPauseActor(
  connection: AnyConnection,
  { organisationId, subject }: { organisationId: string | undefined; subject: string },
): Promise<string | undefined> {
  const { rows } = await connection.query<{ actor: string }>(
    `select actor from audit where action = 'sending.pause' and subject = $2
       and organisation_id is not distinct from $1 order by id desc limit 1`,
    [organisationId ?? null, subject],
  );
  return rows[0]?.actor;
}

/** How much of one lane waits. */
export interface HeldLane {
  readonly channel: Channel;
  readonly mode: Mode;
  readonly count: number;
}

/**
 * How much of each lane is due and held by this pause alone: what another one stops as well would not
 * go out with it. It goes from organisation to organisation by the index of what is due.
 *
 * @param input.organisationIds those that the pause is about
 */
export async function countHeldByPause(
  connection: AnyConnection,
  input: { pauseId: string; channel: Channel | undefined; organisationIds: readonly string[] },
): Promise<HeldLane[]> {
  const { rows } = await connection.query<HeldLane>(
    `select c.channel, m.mode, (
       select count(*)::int from (
         select from unnest($1::uuid[]) as o (id)
         cross join lateral (select r.appointment_id from reminders r
           where r.phase = 'scheduled' and r.channel = c.channel and r.mode = m.mode
             and r.organisation_id = o.id and r.due_at <= now() and r.not_after > now()
           limit ${countedMax}) due
         where not exists (select from pauses p where p.ended_at is null and p.id <> $2
           and (p.organisation_id is null or p.organisation_id = o.id)
           and (p.channel is null or p.channel = c.channel))
         limit ${countedMax}) held) as count
     from unnest(array['sms', 'email']) as c (channel)
       cross join unnest(array['live', 'test']) as m (mode)
     where $3::text is null or c.channel = $3`,
    [input.organisationIds, input.pauseId, input.channel ?? null],
  );
  return rows.filter(({ count }) => count > 0);
}

/** How many have expired since a moment, within a scope. */
export async function countExpiredSince(
  connection: AnyConnection,
  { organisationId, channel, since }: PauseScope & { since: Date },
): Promise<number> {
  const { rows } = await connection.query<{ count: number }>(
    `select count(*)::int as count from (
       select r.organisation_id, r.channel from reminders r
       where r.phase = 'expired' and r.not_after >= $3 and r.not_after <= now()
       limit ${countedMax}) late
     where ($1::uuid is null or late.organisation_id = $1) and ($2::text is null or late.channel = $2)`,
    [organisationId ?? null, channel ?? null, since],
  );
  return rows[0]?.count ?? 0;
}

/**
 * How many that wait now would expire by each of these moments if none were sent until then. Of all
 * that is of use no longer than the last of them, the first `countedMax` are looked at.
 */
export async function countExpiringBy(
  connection: AnyConnection,
  { organisationId, channel, moments }: PauseScope & { moments: readonly Date[] },
): Promise<number[]> {
  const last = new Date(Math.max(...moments.map((moment) => moment.getTime())));
  const { rows } = await connection.query<{ count: number }>(
    `with near as materialized (
       select r.not_after, r.organisation_id, r.channel, r.state from reminders r
       where r.phase in ('scheduled', 'failed', 'uncertain') and r.not_after > now()
         and r.not_after <= $4::timestamptz
       order by r.not_after limit ${countedMax})
     select (select count(*)::int from near n where n.state = 'scheduled' and n.not_after <= t.moment
       and ($1::uuid is null or n.organisation_id = $1) and ($2::text is null or n.channel = $2)) as count
     from unnest($3::timestamptz[]) with ordinality as t (moment, place) order by t.place`,
    [organisationId ?? null, channel ?? null, moments, last],
  );
  return rows.map(({ count }) => count);
}

/** How many are being handed to a provider at this moment: those that a pause cannot call back. */
export async function countInTheAir(connection: AnyConnection): Promise<number> {
  const { rows } = await connection.query<{ count: number }>(
    `select count(*)::int as count from reminders
     where phase = 'in_hand' and state = 'sending'`,
  );
  return rows[0]?.count ?? 0;
}

/**
 * Keeps every pause from being ended by anybody else: what one holds alone hangs on the others. False when
 * this one is over.
 */
export async function lockPauses(connection: AnyConnection, pauseId: string): Promise<boolean> {
  const { rows } = await connection.query<{ id: string }>(
    'select id from pauses where ended_at is null order by id for no key update',
  );
  return rows.some(({ id }) => id === pauseId);
}
