import { uncountedReasons } from '../../config/retry.ts';
import { canaryOrganisationId } from '../domain/canary-branch.ts';
import type { Mode } from '../domain/channel.ts';
import {
  greylistedMaxS,
  heldReasons,
  lateIncidentS,
  leastTimeS,
  recipientReasons,
} from '../domain/lateness.ts';

/** What was put off long enough ago is looked at so far, of each lane, and of what is late so much is named. */
const putOffMax = 20_000;
const putOffLateMax = 1_000;
/** Of what has ended, in the time in which it is news. */
const endedMax = 5_000;
const newsFor = "interval '1 hour'";

const listed = (words: readonly string[]) => words.map((word) => `'${word}'`).join(', ');
const isHeld = (pause: string, of: { organisation: string; channel: string }) =>
  `(${pause}.organisation_id is null or ${pause}.organisation_id = ${of.organisation})
    and (${pause}.channel is null or ${pause}.channel = ${of.channel})`;
const ofReminder = { organisation: 'r.organisation_id', channel: 'r.channel' };
const heldUntil = (of: { organisation: string; channel: string }) =>
  `(select max(h.until) from held h where ${isHeld('h', of)})`;
const isPatients = `r.organisation_id <> '${canaryOrganisationId}'`;
const isUnpaused = `not exists (select from appointments a
  where a.id = r.appointment_id and a.paused_at is not null)`;

/** When it began to wait for a hand-over again that it had been through, or that nobody knew the end of. */
const returnedAt = `(select max(e.created_at) from events e
  where e.appointment_id = r.appointment_id and e.reminder_id = r.id and e.to_state = 'scheduled'
    and e.from_state in ('failed', 'uncertain', 'sent', 'undelivered'))`;

/** What is about a recipient alone is no delay of ours; a mail server's rate may be. */
const isOurs = `coalesce(r.reason_code, '') not in (${listed(recipientReasons)})
  and (r.channel <> 'email' or r.reason_code is distinct from 'rate_limited'
    or r.send_at <= now() - interval '${greylistedMaxS} seconds')`;

/**
 * Reminders that should have been handed over by now and have not been, by more than so long, though nobody
 * has paused them: `late_since` is from when they have had no reason to wait. After a pause that is its end;
 * for what is sent again, when that was decided.
 *
 * What was never taken up is late by when it is due; organisation by organisation, as the index goes. What was
 * tried or taken up in vain is due again a little later each time, so that is late by when it was first to be
 * sent, unless it is for its recipient that it waits.
 *
 * @param input.limit of each organisation and lane
 */
export function dueUnpaused(input: {
  lateByS: number;
  modes: readonly Mode[];
  limit: number;
}): string {
  const modes = input.modes.map((mode) => `('${mode}')`).join(', ');
  const by = `now() - interval '${input.lateByS} seconds'`;
  const isFree = `not exists (select from held h where h.until > ${by} and ${isHeld('h', ofReminder)})`;
  return `with held as materialized (
      select organisation_id, channel, coalesce(ended_at, 'infinity') as until from pauses
      where ended_at is null or ended_at > now() - interval '1 day')
    select r.appointment_id, r.organisation_id, greatest(r.due_at, f.at) as late_since
      from organisations o
      cross join (values ('sms'), ('email')) as c (channel)
      cross join (values ${modes}) as m (mode)
      cross join lateral ${heldUntil({ organisation: 'o.id', channel: 'c.channel' })} f (at)
      cross join lateral (select r.appointment_id, r.organisation_id, r.due_at from reminders r
        where r.phase = 'scheduled' and r.channel = c.channel and r.mode = m.mode
          and r.organisation_id = o.id and r.due_at <= ${by} and r.not_after > now()
          and ${isUnpaused}
        order by r.due_at limit ${input.limit}) r
      where f.at is null or f.at <= ${by}
    union all
    select r.appointment_id, r.organisation_id, r.late_since from (
      select r.appointment_id, r.organisation_id,
        greatest(r.send_at, ${returnedAt}, ${heldUntil(ofReminder)}) as late_since
      from (values ('sms'), ('email')) as c (channel)
      cross join (values ${modes}) as m (mode)
      cross join lateral (select r.* from (select r.* from reminders r
          where r.phase = 'scheduled' and r.due_at > r.send_at
            and r.channel = c.channel and r.mode = m.mode and r.send_at <= ${by}
          order by r.send_at limit ${putOffMax}) r
        -- The others are above.
        where r.due_at > ${by} and r.not_after > now()
          and ${isOurs} and ${isUnpaused} and ${isFree}
        limit ${putOffLateMax}) r) r
      where r.late_since <= ${by}
    union all
    select r.appointment_id, r.organisation_id, greatest(r.due_at, ${heldUntil(ofReminder)})
      from reminders r
      where r.phase = 'in_hand' and r.state = 'queued'
        and r.mode in (select mode from (values ${modes}) as m (mode)) and r.due_at <= ${by}
        and ${isFree}`;
}

/** Failed for what is wrong with us or a provider: nobody was told, and that is not for their sake. */
const failedByUs = `select r.appointment_id, r.organisation_id, r.updated_at as late_since
  from reminders r where r.phase = 'failed' and r.mode = 'live'
    and r.reason_code in (${listed(uncountedReasons)}) and ${isPatients}`;

/**
 * Ended unsent within the last hour, though there had been time, nobody had paused them, and it was not for
 * their recipient.
 */
const expiredUnsent = `select r.appointment_id, r.organisation_id, r.not_after as late_since
  from (select r.* from reminders r
      where r.phase = 'expired' and r.not_after > now() - ${newsFor}
      order by r.not_after desc limit ${endedMax}) r
  where r.mode = 'live' and not r.possibly_sent
    and coalesce(r.reason_code, '') not in (${listed(heldReasons)})
    and ${isOurs} and ${isUnpaused} and ${isPatients}
    and r.not_after - greatest(r.send_at, r.created_at) >= interval '${leastTimeS} seconds'
    and not exists (select from pauses p
      where p.created_at <= r.not_after and coalesce(p.ended_at, 'infinity') >= r.send_at
        and ${isHeld('p', ofReminder)})`;

/** Of live ones: late by so much that it is an incident, or never sent at all. */
export const lateOrMissed = (limit: number) => `
  select *, late_since + interval '${lateIncidentS} seconds' as noticed
    from (${dueUnpaused({ lateByS: lateIncidentS, modes: ['live'], limit })}) d
  union all select *, late_since from (${failedByUs}) f
  union all select *, late_since from (${expiredUnsent}) x`;
