import { keyMissingSign } from '../domain/duty-silence.ts';
import type { IncidentCode, IncidentFacts } from '../domain/incident.ts';
import type { Connection } from './database.ts';
import { lateOrMissed } from './late-reminders.ts';

/** Something that is wrong now, and since when. */
export interface Sighting {
  readonly code: IncidentCode;
  readonly since: Date;
  readonly facts: IncidentFacts;
  /** Where no appointment could be named that it touched: what was refused was not stored. */
  readonly organisationIds: readonly string[];
}

/**
 * What each code counts: `began` is when a row began to be wrong, `noticed` when that is first held
 * against us. What was noticed before the last incident of its code was closed has been dealt with.
 */
const counted: Partial<Record<IncidentCode, string>> = {
  stored_differently: `select paused_at as began, paused_at as noticed, organisation_id
    from appointments where paused_at is not null`,
  ledger_broken:
    'select found_at as began, found_at as noticed, organisation_id from ledger_breaks',
  cannot_open: `select updated_at as began, updated_at as noticed, organisation_id from reminders
    where phase = 'failed' and reason_code = 'cannot_open'`,
  leak_guard: `select updated_at as began, updated_at as noticed, organisation_id from reminders
    where phase = 'failed' and reason_code = 'LEAK_GUARD'`,
  uncertain_unsettled: `select doubted_at as began,
      doubted_at + (not_after - doubted_at) / 2 as noticed, organisation_id from reminders
    where phase = 'uncertain' and mode = 'live'
      and doubted_at + (not_after - doubted_at) / 2 <= now()`,
  provider_copies_overdue: `select copy_owed_at as began, copy_owed_at + interval '1 hour' as noticed,
      organisation_id from attempts
    where copy_tries > 0 and copy_gone_at is null and copy_owed_at <= now() - interval '1 hour'`,
  // The keys of an organisation are made within moments of it.
  key_missing: `select h.beat_at as began, h.beat_at as noticed, o.id as organisation_id
    from heartbeats h left join organisations o on o.id::text = h.instance
    where h.name = '${keyMissingSign}' and h.beat_at > now() - interval '10 minutes'
      and coalesce(o.created_at < h.beat_at - interval '5 minutes', true)`,
  // A key for trying reaches nobody.
  quota_exceeded: `select refused_at as began, refused_at as noticed, organisation_id
    from (select refused_at, mode, organisation_id from credential_usage
      union all select refused_at, mode, organisation_id from code_counts) c
    where refused_at > now() - interval '10 minutes' and mode = 'live'`,
  reminders_late: `select late_since as began, noticed, organisation_id from (${lateOrMissed(1_000)}) w`,
};

/** Everything that is wrong now and can be seen in the database. */
export async function listSightings(connection: Connection): Promise<Sighting[]> {
  const sightings: Sighting[] = [];
  for (const [code, rows] of Object.entries(counted) as [IncidentCode, string][]) {
    const found = await connection.query({
      name: `watch ${code}`,
      text: `select min(began) as since, count(*)::int as rows,
          count(distinct organisation_id)::int as organisations,
          array_agg(distinct organisation_id) filter (where $1 in ('key_missing', 'quota_exceeded')) as ids
        from (${rows}) w where noticed > coalesce((select max(e.at) from incidents i
          join incident_entries e on e.incident_id = i.id and e.kind = 'closed'
          where i.code = $1), '-infinity')`,
      values: [code],
    });
    const [{ since, rows: count, organisations, ids }] = found.rows;
    if (!since) continue;
    const organisationIds = (ids ?? []).filter((id: string | null) => id !== null);
    sightings.push({ code, since, facts: { count, organisations }, organisationIds });
  }
  return sightings;
}
