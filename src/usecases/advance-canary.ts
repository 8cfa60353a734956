import { randomUUID } from 'node:crypto';
import { EdgeUnreachable } from '../canary/edge-unreachable.ts';
import { type CanaryCase, canaryReference } from '../domain/canary-appointment.ts';
import {
  canaryBranches,
  canaryBranchesOn,
  canaryBranchOf,
  canarySteps,
} from '../domain/canary-branch.ts';
import type { CanaryOutcome } from '../domain/canary-run.ts';
import type { Channel } from '../domain/channel.ts';
import { deleteOldCanaryMessages } from '../store/canary-messages.ts';
import {
  advanceRun,
  type ClaimedRun,
  claimRuns,
  endRun,
  putOffRun,
  readLastPassed,
  rebaseRun,
  startSlotRun,
  wasPaused,
} from '../store/canary-runs.ts';
import type { Database } from '../store/database.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import {
  type CanaryStepDeps,
  type CanaryWait,
  runCanaryStep,
  type StepResult,
} from './run-canary-step.ts';

export interface AdvanceCanaryDeps extends CanaryStepDeps {
  readonly database: Pick<Database, 'query'>;
  readonly channelsAvailable: readonly Channel[];
  /** How long a send of unknown outcome is looked for. */
  readonly settleWindowS: number;
  readonly openIncident: (incident: {
    code: 'canary_missing' | 'canary_different';
    since: Temporal.Instant;
    facts: Readonly<Record<string, number>>;
  }) => Promise<unknown>;
  readonly stopping?: AbortSignal;
  readonly log: Log;
}

const runsAtOnce = 9;
/** Longer than a restart takes; what was in hand then tells nothing any more. */
const unseenMaxS = 60;
/** How long each may take, in seconds. A worker that dies gives back within 70 what it had in hand. */
const patienceS: Record<CanaryWait, number> = {
  api: 120,
  patient: 120,
  refused: 60,
  message: 100,
  code: 100,
  delivery: 100,
};
const waitS: Partial<Record<CanaryWait, number>> = { code: 31 };

/**
 * Begins the run of this minute, and takes every run as far as it goes now.
 *
 * Runs lie in the database, a lease on each: several schedulers take different ones, and what one
 * leaves behind when it dies another goes on with. Each step may be done twice, and a run that nobody
 * watched for a minute is judged by what was accepted alone.
 */
export async function advanceCanary(deps: AdvanceCanaryDeps): Promise<void> {
  const branches = canaryBranchesOn(deps.channelsAvailable);
  await startSlotRun(deps.database, (slot) => canaryBranchOf(slot, branches)?.name);
  await deleteOldCanaryMessages(deps.database);
  const claimed = await claimRuns(deps.database, { leaseId: randomUUID(), countMax: runsAtOnce });
  const walks = await Promise.allSettled(claimed.map((run) => walk(deps, run)));
  for (const settled of walks) {
    // Its lease brings it back.
    if (settled.status === 'rejected') {
      deps.log.warn('a canary was left to its lease', errorFacts(settled.reason));
    }
  }
}

async function walk(deps: AdvanceCanaryDeps, claimed: ClaimedRun): Promise<void> {
  const index = canaryBranches.findIndex(({ name }) => name === claimed.branch);
  const branch = canaryBranches[index];
  // Asked for by a version that knows more of them, or by somebody who knows less of what is sent here.
  if (!branch || !canaryBranchesOn(deps.channelsAvailable).includes(branch))
    return endRun(deps.database, claimed, { outcome: 'held', findings: ['branch'] });
  const { id, isAsked, startedAt, baseAt } = claimed;
  let run: CanaryCase = { id, branch, index, isAsked, startedAt, baseAt };
  const steps = canarySteps(branch);
  const startedMs = performance.now();
  if (claimed.step > 0 && claimed.unseenS > unseenMaxS) {
    return judge(deps, { claimed, run, result: await accountFor(deps, run) });
  }
  let stepStartedMs = startedMs - claimed.atStepS * 1_000;
  for (let at = claimed.step; at < steps.length; at += 1) {
    const step = steps[at];
    if (!step) break;
    if (deps.stopping?.aborted) return putOffRun(deps.database, claimed, 0);
    // What was planned before a first try that came to nothing would be too late for the next.
    if (at === 0) {
      const base = await rebaseRun(deps.database, claimed);
      if (!base) return;
      run = { ...run, baseAt: base };
    }
    const sinceS = (performance.now() - stepStartedMs) / 1_000;
    const result = await runCanaryStep(deps, { run, step, sinceS }).catch(unreachable);
    if (result.kind === 'over') return judge(deps, { claimed, run, result });
    if (result.kind === 'waiting') {
      const waitedS = (performance.now() - stepStartedMs) / 1_000;
      const patience = patienceS[result.for];
      if (waitedS < patience) return putOffRun(deps.database, claimed, waitS[result.for] ?? 1);
      const ended = await endWaiting(deps, { run, waitedS, waitedFor: result.for });
      if (!ended) return putOffRun(deps.database, claimed, 5);
      return judge(deps, { claimed, run, result: ended });
    }
    if (!(await advanceRun(deps.database, claimed, at + 1))) return;
    stepStartedMs = performance.now();
  }
  await endRun(deps.database, claimed, { outcome: 'passed', findings: [] });
}

type Over = Extract<StepResult, { kind: 'over' }>;

function unreachable(error: unknown): StepResult {
  if (error instanceof EdgeUnreachable) return { kind: 'waiting', for: error.edge };
  // An answer that is not of the shape that was promised, which no later try would mend.
  if (error instanceof TypeError)
    return { kind: 'over', outcome: 'different', findings: ['answer'] };
  throw error;
}

/** What was accepted must still be there; of the rest nobody can tell. */
async function accountFor(deps: AdvanceCanaryDeps, run: CanaryCase): Promise<Over> {
  const answer = await deps.api.read(canaryReference(run)).catch(() => undefined);
  const isLost =
    answer?.ok === false && answer.status === 404 && !run.branch.ending.startsWith('delete');
  return isLost
    ? { kind: 'over', outcome: 'missing', findings: ['appointment'] }
    : { kind: 'over', outcome: 'interrupted', findings: ['unwatched'] };
}

/**
 * What it means that something did not come in its time.
 *
 * @returns undefined when it is to be waited for on: a send in doubt is being looked for
 */
async function endWaiting(
  deps: AdvanceCanaryDeps,
  { run, waitedS, waitedFor }: { run: CanaryCase; waitedS: number; waitedFor: CanaryWait },
): Promise<Over | undefined> {
  if (waitedFor === 'api' || waitedFor === 'patient') {
    return { kind: 'over', outcome: 'unreachable', findings: [waitedFor] };
  }
  if (waitedFor === 'message' || waitedFor === 'delivery') {
    if (await wasPaused(deps.database, waitedS)) {
      return { kind: 'over', outcome: 'held', findings: ['paused'] };
    }
    const answer = await deps.api.read(canaryReference(run)).catch(() => undefined);
    const inDoubt = answer?.ok && answer.body.reminders.some(({ state }) => state === 'uncertain');
    if (inDoubt && waitedS < deps.settleWindowS + 300) return undefined;
  }
  return { kind: 'over', outcome: 'missing', findings: [waitedFor] };
}

/** Tells of what is wrong before the run is over, so that a crash in between tells it twice, not never. */
async function judge(
  deps: AdvanceCanaryDeps,
  { claimed, run, result }: { claimed: ClaimedRun; run: CanaryCase; result: Over },
): Promise<void> {
  const { outcome, findings } = result;
  const { name } = run.branch;
  deps.log.warn('a canary did not pass', { code: outcome, reason: [name, ...findings].join(' ') });
  const last = await readLastPassed(deps.database, name);
  const code = incidentOf(outcome, last.ofAny !== undefined);
  if (code) {
    const named = findings.map((finding) => [`${outcome}.${finding}`, 1] as const);
    await deps.openIncident({
      code,
      since: last.ofBranch ?? run.startedAt,
      facts: Object.fromEntries([[`branch.${name}`, 1], ...named]),
    });
  }
  await endRun(deps.database, claimed, { outcome, findings });
  // What it still owes is of no use to anybody.
  await deps.api.remove(canaryReference(run)).catch(() => {});
}

/** An address that never answered from here is a set-up to mend; one that did is an outage. */
function incidentOf(outcome: CanaryOutcome, hasPassed: boolean) {
  if (outcome === 'different') return 'canary_different';
  if (outcome === 'missing') return 'canary_missing';
  return outcome === 'unreachable' && hasPassed ? 'canary_missing' : undefined;
}
