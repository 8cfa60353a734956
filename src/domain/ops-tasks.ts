import type { Channel } from './channel.ts';
import type { Duty, SilentDuty } from './duty-silence.ts';
import type { IncidentSeen, LaneHealth, Overview, PauseSeen } from './overview.ts';

/** Something for a person to do or to look into, most urgent first. */
export type OpsTask =
  | { readonly kind: 'incident'; readonly incident: IncidentSeen }
  | { readonly kind: 'no_worker' }
  | { readonly kind: 'duties_silent'; readonly duties: readonly SilentDuty[] }
  | { readonly kind: 'canary'; readonly failingCount: number }
  | { readonly kind: 'provider_down'; readonly channel: Channel }
  | { readonly kind: 'given_back'; readonly channel: Channel; code: string; count: number }
  | { readonly kind: 'provider_refuses'; readonly channel: Channel; code: string; count: number }
  | { readonly kind: 'paused'; readonly pause: PauseSeen }
  | { readonly kind: 'late'; readonly count: number; readonly soonCount: number }
  | { readonly kind: 'mismatch'; readonly count: number }
  | { readonly kind: 'dead_letters'; code: string; count: number; soonestDeadline: Date }
  | { readonly kind: 'uncertain'; readonly count: number; readonly oldestAgeS: number }
  | { readonly kind: 'duplicates'; readonly count: number }
  | { readonly kind: 'versions'; readonly versions: readonly string[] };

/** A provider that refuses one in so many is in trouble, once there are enough to tell. */
const refusedShareMin = 0.2;
const refusedCountMin = 5;
/** A receipt that comes by itself comes sooner. */
const uncertainPatienceS = 900;

/** Without these, reminders do not go out, or go out wrongly; the others keep house. */
const urgent: ReadonlySet<Duty> = new Set(['feed', 'sweep', 'expire', 'callbacks']);

export function listTasks(overview: Overview): OpsTask[] {
  const { workers, silentDuties, lanes, pauses, due, uncertain, versions } = overview;
  const tasks: OpsTask[] = [];
  for (const incident of overview.incidents) tasks.push({ kind: 'incident', incident });
  if (workers.length === 0) tasks.push({ kind: 'no_worker' });
  tasks.push(...silences(silentDuties.filter(({ duty }) => urgent.has(duty))));
  const { failingCount } = overview.canary;
  if (failingCount > 0) tasks.push({ kind: 'canary', failingCount });
  for (const lane of lanes) {
    if (lane.heldUp) tasks.push({ kind: 'provider_down', channel: lane.channel });
    tasks.push(...returns(lane), ...refusals(lane));
  }
  for (const pause of pauses) {
    if (!pause.until) tasks.push({ kind: 'paused', pause });
  }
  if (due.mismatchCount > 0) tasks.push({ kind: 'mismatch', count: due.mismatchCount });
  if (overview.verdict.state !== 'fine' && due.soonCount > 0) {
    tasks.push({ kind: 'late', count: due.count, soonCount: due.soonCount });
  }
  tasks.push(...deadLetters(overview));
  if (uncertain.count > 0 && uncertain.oldestAgeS > uncertainPatienceS) {
    tasks.push({ kind: 'uncertain', ...uncertain });
  }
  const later = silentDuties.filter(({ duty }) => duty !== 'dispatch' && !urgent.has(duty));
  tasks.push(...silences(later));
  if (overview.duplicateCount > 0) {
    tasks.push({ kind: 'duplicates', count: overview.duplicateCount });
  }
  if (versions.length > 1) tasks.push({ kind: 'versions', versions });
  return tasks;
}

function silences(duties: readonly SilentDuty[]): OpsTask[] {
  return duties.length > 0 ? [{ kind: 'duties_silent', duties }] : [];
}

/** A few go out a little later: somebody was restarted. */
function returns({ channel, givenBack, allGivenBack }: LaneHealth): OpsTask[] {
  return givenBack
    .filter(({ count }) => allGivenBack || count >= refusedCountMin)
    .map(({ code, count }) => ({ kind: 'given_back', channel, code, count }));
}

function refusals({ channel, lastHour }: LaneHealth): OpsTask[] {
  const total = lastHour.reduce((sum, { count }) => sum + count, 0);
  return lastHour
    .filter(({ code }) => code !== 'accepted')
    .filter(({ count }) => count >= refusedCountMin && count >= total * refusedShareMin)
    .map(({ code, count }) => ({ kind: 'provider_refuses', channel, code, count }));
}

function deadLetters({ failed }: Pick<Overview, 'failed'>): OpsTask[] {
  return [...Map.groupBy(failed, ({ code }) => code)].map(([code, groups]) => ({
    kind: 'dead_letters',
    code,
    count: groups.reduce((sum, { count }) => sum + count, 0),
    soonestDeadline: new Date(Math.min(...groups.map((one) => one.soonestDeadline.getTime()))),
  }));
}
