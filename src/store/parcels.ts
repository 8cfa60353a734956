import { settledStates } from '../domain/attempt.ts';
import type { Connection, Database } from './database.ts';

const rowsMax = 500;
/** So many parcels are emptied by one statement, at most. */
export const clearedAtOnceMax = 500;
const settled = settledStates.map((state) => `'${state}'`).join(', ');

/** What is past by it is past by the database's clock and by another. */
const moment = 'least(now(), $2::timestamptz)';
const today = `(${moment} at time zone 'UTC')::date`;
const grace = `$1::float8 * interval '1 millisecond'`;
/** Links that may be done with, by an index each: of days that are over, replaced, and sent lately. */
const ended = `
  select id from links where parcel is not null and parcel_day < ${today}
  union select id from links where parcel is not null and not current and parcel_day <= ${today}
  -- offset keeps this a look-up for each, whatever the planner has heard of a quiet day.
  union select l.id from attempts t cross join lateral (select id from links
      where reminder_id = t.reminder_id and current and parcel is not null offset 0) l
    where t.ended_at <= ${moment} - ${grace}
      and t.ended_at > ${moment} - ${grace} - $3::float8 * interval '1 millisecond'`;

/** Which parcels of the day that is not over yet are looked at: all, or those sent not much longer ago than the grace. */
export type ParcelsOfToday = 'all' | { readonly endedWithinMs: number };

/**
 * Empties parcels that nothing will be sent from any more: of settled reminders, of those sent
 * longer ago than the grace in which another channel may be tried, of those past their time, and of
 * links that a newer one has replaced, unless a send with them is still in doubt.
 *
 * Only days that have begun are looked at; earlier ends empty their own. What is emptied is gone, so
 * the database's clock and another must both be past a time: where they differ, this is late.
 *
 * @param input.ofToday all of a day, over and over, is more than sending it: most of it is still to be sent
 */
export async function clearParcels(
  connection: Connection,
  { graceMs, now, ofToday }: { graceMs: number; now: Temporal.Instant; ofToday: ParcelsOfToday },
): Promise<number> {
  const isAll = ofToday === 'all';
  const { rows } = await connection.query<{ count: number }>({
    name: `clear parcels${isAll ? '' : ' of what has ended'}`,
    text: `with over as materialized (
        select l.id from links l join reminders r on r.id = l.reminder_id
        where ${isAll ? `l.parcel_day <= ${today}` : `l.id = any(array(${ended}))`} and l.parcel is not null
          and (r.state in (${settled})
            or (r.state = 'sent' and r.sent_at < least(clock_timestamp(), $2) - ${grace})
            or (r.not_after <= least(clock_timestamp(), $2) and r.state not in ('sending', 'uncertain'))
            or (not l.current and r.state not in ('sending', 'uncertain')))
        -- The reminder is locked too: one that begins to go on by another channel at this very moment
        -- would be judged as it was before, and left without what it goes on with.
        limit ${clearedAtOnceMax} for no key update of l, r skip locked
      ), cleared as (
        update links set parcel = null, parcel_day = null where id = any(array(select id from over))
        returning 1)
      select count(*)::int as count from cleared`,
    values: [graceMs, now.toString(), ...(isAll ? [] : [ofToday.endedWithinMs])],
  });
  return rows[0]?.count ?? 0;
}

/** A parcel that is still needed while its key is about to go. */
export interface AgeingParcel {
  readonly linkId: string;
  readonly organisationId: string;
  readonly appointmentId: string;
  readonly reminderId: string;
  readonly parcel: Buffer;
  readonly parcelDay: string;
}

/** Parcels sealed to days before the given one, earliest first. */
export async function findAgeingParcels(
  database: Pick<Database, 'query'>,
  { before, after }: { before: string; after: string },
): Promise<AgeingParcel[]> {
  const rows = await database.query(
    // offset makes it go by the day: by id, it would read all links to find that none is old.
    `select l.* from (
       select id, organisation_id, appointment_id, reminder_id, parcel, parcel_day::text as parcel_day
       from links where parcel is not null and parcel_day < $1 offset 0) l
     where l.id > $2 order by l.id limit ${rowsMax}`,
    [before, after],
  );
  return rows.map((row) => ({
    linkId: row.id,
    organisationId: row.organisation_id,
    appointmentId: row.appointment_id,
    reminderId: row.reminder_id,
    parcel: row.parcel,
    parcelDay: row.parcel_day,
  }));
}

/**
 * Puts parcels sealed anew in the place of the very ones they were made from. Links are locked in the order of
 * their ids, as by whoever revokes many: neither waits for the other in a ring.
 */
export async function replaceParcels(
  connection: Connection,
  parcels: readonly (Pick<AgeingParcel, 'linkId' | 'parcel'> & { replacement: Buffer })[],
  day: string,
): Promise<void> {
  await connection.query({
    name: 'replace parcels',
    text: `with held as materialized (
        select id from links where id = any($1::uuid[]) order by id for no key update)
      update links l set parcel = n.replacement, parcel_day = $4
      from held h
      join unnest($1::uuid[], $2::bytea[], $3::bytea[]) as n (link_id, parcel, replacement)
        on n.link_id = h.id
      where l.id = h.id and l.parcel = n.parcel`,
    values: [
      parcels.map(({ linkId }) => linkId),
      parcels.map(({ parcel }) => parcel),
      parcels.map(({ replacement }) => replacement),
      day,
    ],
  });
}
