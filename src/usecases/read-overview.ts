import { type Channel, channels, type Mode } from '../domain/channel.ts';
import { silentDuties } from '../domain/duty-silence.ts';
import { heldUpBeat } from '../domain/lane.ts';
import type { LaneHealth, Overview, PauseSeen, WorkerSeen } from '../domain/overview.ts';
import type { Heartbeat, QueueMeasures } from '../domain/queue-measures.ts';
import { type ReminderState, reminderStates } from '../domain/reminder.ts';
import { judgeSending, lateAfterS } from '../domain/sending-verdict.ts';
import { readCanaryState } from '../store/canary-reads.ts';
import type { Connection, Database } from '../store/database.ts';
import { listIncidents } from '../store/incident-reads.ts';
import { measureQueue } from '../store/ops-reads.ts';
import { inEveryOrganisation } from '../store/organisation-ids.ts';
import {
  countDueWithinHour,
  hasLive,
  readDayFlow,
  readGivenBack,
  readHourHandOvers,
  readLastAccepted,
  readLateAppointments,
  readLateness,
  readMoment,
  readOptOutDays,
  readOrganisationNames,
  readProcesses,
  readRecentPauses,
} from '../store/overview-reads.ts';

const aliveS = 20;
const organisationsShownMax = 8;
const incidentsShownMax = 20;
/** What one minute brings back may go out in the next. */
const givenBackMinutesMin = 2;

/**
 * Everything that operators see first, of one mode.
 *
 * @param input.mode absent: live if there is anything live, else test
 * @throws {AppError} `unavailable` when the database is away
 */
export async function readOverview(
  { database }: { database: Database },
  input: { mode?: Mode | undefined },
): Promise<Overview> {
  return inEveryOrganisation(database, async (connection) => {
    const mode = input.mode ?? ((await hasLive(connection)) ? 'live' : 'test');
    const queue = await measureQueue(connection);
    const processes = await readProcesses(connection);
    const pauses = await readRecentPauses(connection);
    const due = queue.due.filter((one) => one.mode === mode);
    const held = queue.held.filter((one) => one.mode === mode);
    const uncertain = held.filter(({ state }) => state === 'uncertain');
    const nameOf = await readNames(connection, [...due, ...held, ...pauses]);
    const workers = workersOf(processes, mode);
    const lanes = await readLanes(connection, { mode, workers, pauses });
    const silent = silentDuties(heartbeatsOf(processes));
    const flow = await readDayFlow(connection, mode);
    return {
      mode,
      ...(await readMoment(connection)),
      verdict: judgeSending({
        workers: workers.length,
        feederSilent: silent.some(({ duty }) => duty === 'feed'),
        lanes: lanes.map((lane) => ({
          ...lane,
          oldestDueS: Math.max(oldestUnpaused(due, lane, pauses), oldestQueued(queue, mode, lane)),
        })),
      }),
      due: {
        count: total(due),
        oldestAgeS: oldest(due),
        organisationCount: new Set(due.map(({ organisationId }) => organisationId)).size,
        organisations: dueOrganisations(due, { pauses, nameOf }),
        nextHourCount: await countDueWithinHour(connection, mode),
        ...(await readLateAppointments(connection, { mode, lateAfterS })),
      },
      scheduledEstimate: queue.scheduledEstimate,
      flow: flowOf(flow, { queue, mode }),
      duplicateCount: flow.reduce((sum, { flaggedCount }) => sum + (flaggedCount ?? 0), 0),
      failed: deadLetters(held, nameOf),
      uncertain: { count: total(uncertain), oldestAgeS: oldest(uncertain) },
      lanes,
      workers,
      silentDuties: silent,
      canary: await readCanaryState(connection),
      versions: versionsOf(processes),
      lateness: await readLateness(connection, mode),
      pauses: pauses.map((pause) => pauseSeen(pause, nameOf)),
      optOuts: await readOptOutDays(connection),
      lockOuts: queue.lockOuts,
      incidents: await listIncidents(connection, { isOpen: true, limit: incidentsShownMax }),
    };
  });
}

type NameOf = (organisationId: string) => string;
type Pause = Awaited<ReturnType<typeof readRecentPauses>>[number];
type Due = QueueMeasures['due'][number];

async function readNames(
  connection: Connection,
  owned: readonly { readonly organisationId: string | null }[],
): Promise<NameOf> {
  const ids = owned.flatMap(({ organisationId }) => organisationId ?? []);
  const names = await readOrganisationNames(connection, [...new Set(ids)]);
  return (id) => names.get(id) ?? 'an organisation that is gone';
}

/** Whether a pause of exactly this organisation, or with null of all of them, holds this channel. */
function isPaused(
  pauses: readonly Pause[],
  { organisationId, channel }: { organisationId: string | null; channel: Channel },
): boolean {
  return pauses.some(
    (pause) =>
      pause.until === null &&
      pause.organisationId === organisationId &&
      (pause.channel === null || pause.channel === channel),
  );
}

function pauseSeen(pause: Pause, nameOf: NameOf): PauseSeen {
  const { organisationId, channel, reason, since, until } = pause;
  return {
    ...{ reason, since, channel: channel ?? undefined, until: until ?? undefined },
    organisationName: organisationId ? nameOf(organisationId) : undefined,
  };
}

function oldestUnpaused(
  due: readonly Due[],
  { channel }: LaneHealth,
  pauses: readonly Pause[],
): number {
  return oldest(due.filter((one) => one.channel === channel && !isPaused(pauses, one)));
}

/** What no worker gets done is taken, given back and taken again, and hardly ever seen as due. */
function oldestQueued({ inHand }: QueueMeasures, mode: Mode, { channel }: LaneHealth): number {
  return oldest(
    inHand.filter((one) => one.state === 'queued' && one.mode === mode && one.channel === channel),
  );
}

type Process = Awaited<ReturnType<typeof readProcesses>>[number];

async function readLanes(
  connection: Connection,
  input: {
    mode: Mode;
    workers: readonly WorkerSeen[];
    pauses: readonly Pause[];
  },
): Promise<LaneHealth[]> {
  const { mode, workers, pauses } = input;
  const lastHour = await readHourHandOvers(connection, mode);
  const accepted = await readLastAccepted(connection, mode);
  const givenBack = await readGivenBack(connection, mode);
  return channels.map((channel) => {
    const back = givenBack.filter((one) => one.channel === channel);
    const workersHeldUp = workers.filter(({ heldUp }) => heldUp.includes(channel)).length;
    return {
      channel,
      paused: isPaused(pauses, { organisationId: null, channel }),
      workersHeldUp,
      heldUp: workers.length > 0 && workersHeldUp === workers.length,
      givenBack: back.map(({ code, count }) => ({ code, count })),
      allGivenBack: back.some(
        ({ minutes, handedOver }) => minutes >= givenBackMinutesMin && handedOver === 0,
      ),
      lastHour: lastHour.filter((one) => one.channel === channel),
      lastAcceptedAt: accepted.find((one) => one.channel === channel)?.minute,
    };
  });
}

function workersOf(processes: readonly Process[], mode: Mode): WorkerSeen[] {
  const alive = processes.filter(({ ageS }) => ageS <= aliveS);
  return alive
    .filter(({ name }) => name === 'dispatch')
    .map(({ instance, version, ageS }) => ({
      ...{ version, ageS },
      heldUp: channels.filter((channel) =>
        alive.some(
          (one) => one.instance === instance && one.name === heldUpBeat({ channel, mode }),
        ),
      ),
    }));
}

function heartbeatsOf(processes: readonly Process[]): Heartbeat[] {
  return [...Map.groupBy(processes, ({ name }) => name)].map(([name, beats]) => ({
    name,
    ageS: Math.min(...beats.map(({ ageS }) => ageS)),
    liveCount: beats.filter(({ ageS }) => ageS <= aliveS).length,
  }));
}

function versionsOf(processes: readonly Process[]): string[] {
  const alive = processes.filter(({ ageS }) => ageS <= aliveS);
  return [...new Set(alive.map(({ version }) => version))].sort();
}

function dueOrganisations(
  due: readonly Due[],
  { pauses, nameOf }: { pauses: readonly Pause[]; nameOf: NameOf },
): Overview['due']['organisations'] {
  return [...Map.groupBy(due, ({ organisationId }) => organisationId)]
    .map(([id, lanes]) => ({
      ...{ id, name: nameOf(id), count: total(lanes), oldestAgeS: oldest(lanes) },
      paused: lanes.every((lane) => isPaused(pauses, lane)),
    }))
    .sort((one, other) => other.oldestAgeS - one.oldestAgeS)
    .slice(0, organisationsShownMax);
}

/** By code and organisation, those first whose time is up first. */
function deadLetters(held: QueueMeasures['held'], nameOf: NameOf): Overview['failed'] {
  const failed = held.filter(({ state }) => state === 'failed');
  return [
    ...Map.groupBy(failed, ({ code, organisationId }) => `${code} ${organisationId}`).values(),
  ]
    .flatMap((groups) => (groups[0] ? [{ first: groups[0], groups }] : []))
    .map(({ first: { code, organisationId }, groups }) => ({
      ...{ code, organisationId, organisationName: nameOf(organisationId), count: total(groups) },
      soonestDeadline: new Date(Math.min(...groups.map((one) => Number(one.soonestDeadline)))),
    }))
    .sort((one, other) => Number(one.soonestDeadline) - Number(other.soonestDeadline));
}

function flowOf(
  flow: Awaited<ReturnType<typeof readDayFlow>>,
  { queue, mode }: { queue: QueueMeasures; mode: Mode },
): Overview['flow'] {
  return reminderStates
    .map((state) => ({
      state,
      count: flow.find((one) => one.state === state)?.count ?? 0,
      openNow: openNow(state, { queue, mode }),
    }))
    .filter(({ count, openNow: open }) => count > 0 || (open ?? 0) > 0);
}

/** Of the states that reminders do not stay in. */
function openNow(
  state: ReminderState,
  { queue, mode }: { queue: QueueMeasures; mode: Mode },
): number | undefined {
  if (!['queued', 'sending', 'uncertain', 'failed'].includes(state)) return undefined;
  const open = [...queue.held, ...queue.inHand];
  return total(open.filter((one) => one.mode === mode && one.state === state));
}

function total(counted: readonly { readonly count: number }[]): number {
  return counted.reduce((sum, { count }) => sum + count, 0);
}

function oldest(aged: readonly { readonly oldestAgeS: number }[]): number {
  return Math.max(0, ...aged.map(({ oldestAgeS }) => oldestAgeS));
}
