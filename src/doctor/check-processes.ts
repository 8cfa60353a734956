import type { CanaryState } from '../domain/canary-run.ts';
import type { QueueMeasures } from '../domain/queue-measures.ts';
import { readCanaryState } from '../store/canary-reads.ts';
import type { Database } from '../store/database.ts';
import { listPauses, listRunningVersions, type Pause } from '../store/doctor-reads.ts';
import { measureQueue } from '../store/ops-reads.ts';
import { inEveryOrganisation, listOrganisationIds } from '../store/organisation-ids.ts';
import { neededDuties, opsReadiness } from '../usecases/ops-readiness.ts';
import { counted, type Finding, fine, problem, warning } from './finding.ts';

const overdueMaxS = 300;
const dayS = 86_400;

/**
 * Whether the processes that send are at work, and what waits for a person.
 *
 * @param asOps the database as operators see it
 */
export async function checkProcesses(asOps: Database): Promise<Finding[]> {
  const organisationIds = await listOrganisationIds(asOps);
  const [duties, versions, measures, pauses, canary] = await Promise.all([
    checkDuties(asOps),
    listRunningVersions(asOps),
    inEveryOrganisation(asOps, measureQueue),
    asOps.transaction(organisationIds, listPauses),
    asOps.transaction([], readCanaryState),
  ]);
  return [
    ...duties,
    ...checkVersions(versions),
    ...checkOverdue(measures),
    ...checkHeld(measures),
    ...checkPauses(pauses),
    checkCanary(canary),
  ];
}

const dutyWords = {
  feed: { text: 'Nobody takes what is due', process: 'scheduler' },
  sweep: { text: 'Nobody sweeps what a dead process left', process: 'scheduler' },
  dispatch: { text: 'Nobody sends', process: 'worker' },
} as const;

async function checkDuties(asOps: Database): Promise<Finding[]> {
  const ready = await opsReadiness({ database: asOps });
  return neededDuties.map((duty) => {
    const { ok, ageS } = ready[duty];
    const { text, process } = dutyWords[duty];
    if (ok) return fine(duty, `${process} is at work (${duty}).`);
    const how = ageS === undefined ? 'within a day' : `for ${spanOf(ageS)}`;
    return problem(duty, {
      text: `${text}: no ${process} was heard of ${how}.`,
      mend: `Start ${process}, and read its log if it runs. Nothing is lost; what is late goes first.`,
    });
  });
}

function checkVersions(versions: readonly string[]): Finding[] {
  if (versions.length < 2) return [fine('process_versions', 'All processes run the same version.')];
  const known = versions.filter((version) => /^[\w.+-]{1,40}$/.test(version));
  return [
    warning('process_versions', {
      text: `Processes of ${counted(versions.length, 'version')} are at work: ${known.join(', ')}.`,
      mend: 'Fine during an upgrade; else stop those of the older one.',
    }),
  ];
}

function checkOverdue({ due }: QueueMeasures): Finding[] {
  const late = due.filter(({ oldestAgeS }) => oldestAgeS > overdueMaxS);
  if (late.length === 0) return [fine('reminders_overdue', 'No reminder is late.')];
  return [...Map.groupBy(late, ({ channel }) => channel)].map(([channel, groups]) => {
    const oldestAgeS = Math.max(...groups.map((group) => group.oldestAgeS));
    return problem('reminders_overdue', {
      text: `${counted(total(groups), 'reminder')} by ${channel} should have gone out, the oldest ${spanOf(oldestAgeS)} ago.`,
      mend: 'See the problems of processes, of the provider and of pauses here; then the log of worker.',
    });
  });
}

function checkHeld({ held }: QueueMeasures): Finding[] {
  const countOf = (state: 'failed' | 'uncertain') =>
    total(held.filter((group) => group.state === state));
  const [failed, uncertain] = [countOf('failed'), countOf('uncertain')];
  return [
    failed === 0
      ? fine('reminders_failed', 'No reminder has failed for good.')
      : warning('reminders_failed', {
          text: `${counted(failed, 'reminder')} could not be sent on any channel.`,
          mend: 'The practice calls, or puts the appointment anew with notice "now".',
        }),
    uncertain === 0
      ? fine('reminders_uncertain', 'Of every reminder it is known whether it went out.')
      : warning('reminders_uncertain', {
          text: `Of ${counted(uncertain, 'reminder')} nobody knows yet whether it went out.`,
          mend: 'Workers find out at the provider within minutes. If it lasts, see what their log says.',
        }),
  ];
}

function checkPauses(pauses: readonly Pause[]): Finding[] {
  const long = pauses.filter(({ ageS }) => ageS > dayS);
  if (long.length === 0) return [fine('pauses', 'Nothing has been stopped for more than a day.')];
  return long.map(({ organisationId, channel, ageS }) => {
    const what = channel ? `Sending by ${channel}` : 'Sending';
    const whom = organisationId ? `for organisation ${organisationId}` : 'for all organisations';
    return warning('pauses', {
      text: `${what} ${whom} has been stopped for ${spanOf(ageS)}.`,
      mend: 'Resume it, if whoever stopped it has forgotten; reminders expire meanwhile.',
    });
  });
}

const doors: Readonly<Record<string, string>> = { api: 'API_URL', patient: 'PATIENT_URL' };

function checkCanary({ lastPassedAt, failingCount, unreachable }: CanaryState): Finding {
  if (unreachable.length > 0) {
    const names = unreachable.map((door) => doors[door] ?? 'a public address').join(' and ');
    return problem('canary', {
      text: `The canary cannot run: nobody answers at ${names} from where the scheduler is.`,
      mend: 'Let scheduler reach it by its public name; or set CANARY to off, and nothing watches the whole path.',
    });
  }
  if (failingCount > 0) {
    return problem('canary', {
      text: `The canary did not come through as it was put, on ${counted(failingCount, 'way')} through Sotto.`,
      mend: 'Run sotto canary: it says on which, and what is missing. Patients may be shown too little.',
    });
  }
  return fine(
    'canary',
    lastPassedAt
      ? 'What the canary put came through as it was put.'
      : 'No canary has run here within a week.',
  );
}

function total(groups: readonly { readonly count: number }[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

function spanOf(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * dayS) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / dayS)} days`;
}
