import { countMissing, missedAfterS, silentDuties } from '../domain/duty-silence.ts';
import type { IncidentFacts } from '../domain/incident.ts';
import type { Database } from '../store/database.ts';
import { listHeartbeats } from '../store/heartbeats.ts';
import { dispatchBeat } from '../store/lane-load.ts';
import { openIncident } from './open-incident.ts';
import { neededDuties } from './ops-readiness.ts';

/** After a start of everything the others may need so long to be heard of. */
const patienceMs = 60_000;

/**
 * Watches that every duty is done by somebody, and that no worker is gone without another in its place.
 * Scheduler and worker both do, for either may be what has stopped.
 *
 * What is silent must be so in two rounds: when the database was away, nobody could be heard of, and
 * whoever looks first would find all others silent.
 *
 * @returns a round of it; its answer is whether nothing was silent
 */
export function createDutyWatch(deps: {
  database: Pick<Database, 'query' | 'transaction'>;
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number;
}): () => Promise<boolean> {
  const beganAtMs = deps.nowMs();
  let before: IncidentFacts = {};
  return async () => {
    const beats = await listHeartbeats(deps.database);
    const { facts, sinceS } = whatIsSilent(beats, (deps.nowMs() - beganAtMs) / 1_000);
    const still = Object.fromEntries(Object.entries(facts).filter(([name]) => name in before));
    const isFirstMinute = deps.nowMs() - beganAtMs < patienceMs;
    before = isFirstMinute ? {} : facts;
    if (Object.keys(still).length > 0) {
      const since = Temporal.Now.instant().subtract({ milliseconds: Math.round(sinceS * 1_000) });
      await openIncident(deps, { code: 'duty_silent', since, facts: still });
    }
    return isFirstMinute || Object.keys(facts).length === 0;
  };
}

type Beat = Awaited<ReturnType<typeof listHeartbeats>>[number];

function whatIsSilent(beats: readonly Beat[], watchedS: number) {
  const youngest = [...Map.groupBy(beats, ({ name }) => name)].map(([name, all]) => ({
    name,
    ageS: Math.min(...all.map(({ ageS }) => ageS)),
    liveCount: 0,
  }));
  // One that was never heard of may be one that an older version does not know.
  const silent = silentDuties(youngest).filter(
    ({ duty, ageS }) => ageS !== undefined || neededDuties.some((needed) => needed === duty),
  );
  const workersMissing = countMissing(beats.filter(({ name }) => name === dispatchBeat));
  const facts: IncidentFacts = {
    ...Object.fromEntries(silent.map(({ duty }) => [duty, 1])),
    ...(workersMissing > 0 ? { workers_missing: workersMissing } : {}),
  };
  const sinceS = Math.max(
    ...silent.map(({ ageS }) => ageS ?? watchedS),
    workersMissing > 0 ? missedAfterS : 0,
  );
  return { facts, sinceS };
}
