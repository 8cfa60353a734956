import type { Lane } from '../domain/lane.ts';
import type { Connection } from './database.ts';
import { tellOfChanged } from './reminder-steps.ts';

const perOrganisationMax = 200;
/** What was tried or taken up in vain is looked at so far. Few can be: it is what a lane that is down lets through. */
const putOffMax = 20_000;
/** So many of those at a time. */
const putOffAtOnceMax = 1_000;

/** The channel of the other link of `r`, if that may be used. */
const untried = `(select l.channel from links l
  where l.reminder_id = r.id and l.channel <> r.channel and l.current
    and l.revoked_at is null and l.attempted_at is null and l.parcel_day is not null
  limit 1)`;
const hasWaited = `r.not_after > now() + interval '1 minute'
  and r.send_at <= now() - least((r.not_after - r.send_at) / 2, $4::float8 * interval '1 millisecond')`;

/**
 * Lets reminders go on by the channel of their other link, if nobody has tried it and they have waited long
 * enough since they were first to be sent: half of the time they have, and never longer than `patienceMs`.
 * Those that are due of these organisations, and those that were put off, which are due again a little later
 * each time and so hardly ever at the moment.
 *
 * A link that a PUT changes at this very moment may be judged as it was; the worker, which opens it,
 * then finds the way back.
 *
 * @returns how many
 */
export async function changeChannelOfStuck(
  connection: Connection,
  input: Lane & { organisationIds: readonly string[]; patienceMs: number },
): Promise<number> {
  const { rows } = await connection.query<{ count: number }>({
    name: 'change channel of stuck',
    text: `with stuck as materialized (
        select w.id, w.other from unnest($3::uuid[]) as o (id)
        cross join lateral (
          select r.id, ${untried} as other from reminders r
          where r.phase = 'scheduled' and r.channel = $1 and r.mode = $2
            and r.organisation_id = o.id and r.due_at <= now() and ${hasWaited}
          order by r.due_at limit ${perOrganisationMax}) w
        where w.other is not null
        union
        (select w.id, w.other from (
          select r.id, ${untried} as other from (
            select * from reminders r
            where r.phase = 'scheduled' and r.due_at > r.send_at and r.channel = $1 and r.mode = $2
              and r.send_at <= now()
            order by r.send_at limit ${putOffMax}) r
          where ${hasWaited}
            and not exists (select from pauses p
              where p.ended_at is null and p.organisation_id = r.organisation_id
                and (p.channel is null or p.channel = $1) offset 0)) w
        where w.other is not null limit ${putOffAtOnceMax})
      ), held as materialized (
        select r.id, s.other from reminders r join stuck s on s.id = r.id
        where r.state = 'scheduled' and r.channel = $1
        order by r.id for no key update of r skip locked
      ), changed as (
        update reminders r set channel = h.other, due_at = clock_timestamp(),
          reason_code = 'provider_down', updated_at = clock_timestamp()
        from held h where r.id = h.id and r.id = any(array(select id from held))
        returning r.*, 'scheduled' as from_state, 'provider_down' as event_reason
      ), told as (${tellOfChanged})
      select count(*)::int as count from changed`,
    values: [input.channel, input.mode, input.organisationIds, input.patienceMs],
  });
  return rows[0]?.count ?? 0;
}
