import { canaryOrganisationId } from '../domain/canary-branch.ts';
import type { IncidentCode } from '../domain/incident.ts';
import { lateIncidentS } from '../domain/lateness.ts';
import type { Connection } from './database.ts';
import { dueUnpaused, lateOrMissed } from './late-reminders.ts';

const appointmentsMax = 5_000;
/** An event becomes visible when its transaction ends; none of ours lasts for so long. */
const overlap = "interval '15 minutes'";

const lateNow = dueUnpaused({
  ...{ lateByS: 120, modes: ['live', 'test'] },
  limit: appointmentsMax,
});

/** What was late and is not any more: it went out at last, or its time was over. */
const lateBefore = `select e.appointment_id from events e join reminders r on r.id = e.reminder_id
  where e.created_at >= $2 and e.mode = 'live' and (e.to_state = 'expired'
    or e.to_state = 'sent' and r.attempt_count = 1
      and e.created_at > r.send_at + interval '${lateIncidentS} seconds')`;

/** What was accepted, replaced or cancelled since. */
const changedSince = `select e.appointment_id from events e
  where e.created_at >= $2 and e.appointment_id is not null and e.reminder_id is null`;

const failedFor = (reason: string) => `select r.appointment_id from reminders r
  where r.phase = 'failed' and r.reason_code = '${reason}' and $2::timestamptz is not null`;

/**
 * Which appointments an incident of each code may have touched: $2 is from when on to look. None where
 * no appointment can be named, as for what was refused at the door.
 */
const touched: Record<IncidentCode, string | undefined> = {
  canary_missing: `select appointment_id from (${lateNow}) w union all ${lateBefore}`,
  canary_different: changedSince,
  field_drift: changedSince,
  stored_differently: 'select a.id as appointment_id from appointments a where a.paused_at >= $2',
  ledger_broken: 'select appointment_id from ledger_breaks where $2::timestamptz is not null',
  reminders_late: `select appointment_id from (${lateOrMissed(appointmentsMax)}) w
    union all ${lateBefore}`,
  duty_silent: `select appointment_id from (${lateNow}) w union all ${lateBefore}`,
  restored_behind: `select r.appointment_id from reminders r
    where r.phase = 'uncertain' and r.doubted_at >= $2`,
  key_missing: undefined,
  cannot_open: failedFor('cannot_open'),
  leak_guard: failedFor('LEAK_GUARD'),
  uncertain_unsettled: `select r.appointment_id from reminders r where r.phase = 'uncertain'
    and r.mode = 'live' and r.doubted_at + (r.not_after - r.doubted_at) / 2 <= now()
    and $2::timestamptz is not null`,
  copies_unexplained: `select e.appointment_id from events e
    where e.created_at >= $2 and e.possible_duplicate and e.reminder_id is not null`,
  provider_copies_overdue: `select r.appointment_id from attempts t join reminders r on r.id = t.reminder_id
    where t.copy_tries > 0 and t.copy_gone_at is null and t.copy_owed_at <= now() - interval '1 hour'
      and $2::timestamptz is not null`,
  audit_broken: undefined,
  quota_exceeded: undefined,
};

/** An incident that somebody may still have to be told of. */
export interface OwedIncident {
  readonly id: string;
  readonly code: IncidentCode;
  /** From when on to look for whom it touched: its beginning, or a little before the last look. */
  readonly lookFrom: Date;
  readonly isClosed: boolean;
}

/** Those that are open are looked at once a minute, and once more when they are closed. */
export async function listOwedIncidents(connection: Connection): Promise<OwedIncident[]> {
  const { rows } = await connection.query<OwedIncident>(
    `select i.id, i.code, c.at is not null as "isClosed",
       -- An entry that names an earlier time asks for all of it once more.
       case when p.looked_until is null or exists (select from incident_entries e
           where e.incident_id = i.id and e.kind = 'seen' and e.at > p.looked_until and e.since < i.since)
         then least(i.since, (select min(e.since) from incident_entries e where e.incident_id = i.id))
         else p.looked_until - ${overlap} end as "lookFrom"
     from incident_progress p join incidents i on i.id = p.incident_id
     left join incident_entries c on c.incident_id = i.id and c.kind = 'closed'
     where p.end_told_at is null and (c.at is not null or p.looked_until is null
       or p.looked_until < now() - interval '1 minute') order by i.opened_at`,
  );
  return rows;
}

/**
 * Names appointments that an incident has touched and organisations that these are of, the canary left
 * out, and tells each organisation and mode the first time.
 *
 * @returns how many appointments were new; fewer than are asked for at a time when that was all
 */
export async function addTouched(
  connection: Connection,
  { id, code, lookFrom }: OwedIncident,
): Promise<{ count: number; isAll: boolean }> {
  const rows = touched[code];
  if (rows === undefined) return { count: 0, isAll: true };
  const { rows: added } = await connection.query<{ count: number }>({
    name: `touched by ${code}`,
    text: `with fresh as materialized (
        select a.id, a.organisation_id, a.mode, a.reference from appointments a
        where a.id = any(array(select w.appointment_id from (${rows}) w))
          and a.organisation_id <> '${canaryOrganisationId}'
          and not exists (select from incident_references f
            where f.incident_id = $1 and f.appointment_id = a.id)
        limit ${appointmentsMax}
      ), referred as (
        insert into incident_references (incident_id, organisation_id, mode, reference, appointment_id)
        select $1, organisation_id, mode, reference, id from fresh on conflict do nothing
      ), named as (
        insert into incident_organisations (incident_id, organisation_id, mode)
        select distinct $1::uuid, organisation_id, mode from fresh on conflict do nothing
        returning organisation_id, mode
      ), told as (
        insert into events (organisation_id, mode, type, incident_id, reason_code)
        select organisation_id, mode, 'incident.opened', $1, $3 from named
      )
      select count(*)::int as count from fresh`,
    values: [id, lookFrom, code],
  });
  const count = added[0]?.count ?? 0;
  return { count, isAll: count < appointmentsMax };
}

/** Says how far it is known whom an incident touched, and tells them that it is over if it is. */
export async function finishLook(
  connection: Connection,
  { id, code, isClosed }: OwedIncident,
): Promise<void> {
  await connection.query(
    `update incident_progress set looked_until = now(),
       end_told_at = case when $2 then clock_timestamp() end
     where incident_id = $1`,
    [id, isClosed],
  );
  if (!isClosed) return;
  await connection.query(
    `insert into events (organisation_id, mode, type, incident_id, reason_code)
     select organisation_id, mode, 'incident.closed', $1, $2 from incident_organisations
     where incident_id = $1`,
    [id, code],
  );
}
