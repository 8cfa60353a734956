import type { AppointmentState } from './appointment.ts';
import type { Channel, RequestedChannel } from './channel.ts';
import type {
  NewReminder,
  StoredAppointment,
  StoredReminder,
  WantedAppointment,
} from './put-facts.ts';
import { asksForNew, decideLinks, type LinkDecision } from './put-links.ts';
import { type NoticeTimes, planNotice, retimeNotice } from './put-notice.ts';
import { type ReminderState, toldStates } from './reminder.ts';
import type { PlannedReminder } from './schedule.ts';

export interface EndedReminder {
  readonly id: string;
  readonly from: ReminderState;
  readonly to: 'cancelled' | 'superseded' | 'erased';
  /** Nobody knows whether it went out. */
  readonly possiblySent: boolean;
}

/** A send is in the air: the end is marked and carried out on every way back. */
export interface MarkedReminder {
  readonly id: string;
  readonly end: 'cancelled' | 'superseded' | 'erased' | null;
}

export interface PutDecision extends LinkDecision {
  readonly version: number;
  readonly revision: number | null;
  readonly state: AppointmentState;
  readonly moved: boolean;
  readonly newReminders: readonly NewReminder[];
  readonly ended: readonly EndedReminder[];
  readonly marked: readonly MarkedReminder[];
  /** Notices that wait, with the times of the new version. */
  readonly retimed: readonly NoticeTimes[];
  readonly locksCleared: boolean;
}

export type RevisionRefusal = 'stale_revision' | 'revision_required';

/**
 * Whether a revision may replace another: lower never, and once used it is required.
 *
 * @param strictlyAbove for a reference that was deleted: the tombstone's revision is used up
 */
export function refuseRevision(
  stored: number | null,
  wanted: number | undefined,
  { strictlyAbove = false }: { strictlyAbove?: boolean } = {},
): RevisionRefusal | undefined {
  if (stored === null) return undefined;
  if (wanted === undefined) return 'revision_required';
  return wanted < stored || (strictlyAbove && wanted === stored) ? 'stale_revision' : undefined;
}

/**
 * What an accepted PUT changes, given what is stored under a row lock.
 *
 * Content is never compared, so the decision rests on times, states and links alone. A reminder
 * whose channel, `before` and resolved time are unchanged keeps its row, whatever its state, unless
 * it is untried and its time would be wrong now; gone ones are superseded; nothing that went out is
 * repeated unless its time moves into the future.
 */
export function decidePut(
  stored: StoredAppointment | undefined,
  wanted: WantedAppointment,
): PutDecision {
  const reminders = stored?.reminders ?? [];
  const cancelling = wanted.status === 'cancelled';
  const matched = cancelling
    ? new Map<PlannedReminder, StoredReminder>()
    : match(reminders, wanted);
  const keptPlanned = new Set(matched.values());

  const newCancellation = cancelling && stored !== undefined && stored.state !== 'cancelled';
  const changed = stored !== undefined && timesOrStatusChanged(stored, wanted);
  const told = reminders.filter(mayHaveGoneOut);
  const noticesGo = wanted.notice === 'none' || newCancellation;
  const stranded = !noticesGo && reminders.some(isPendingNotice);
  const surviving =
    !noticesGo &&
    reminders.some(
      (reminder) => isPendingNotice(reminder) && wanted.linkChannels.includes(reminder.channel),
    );
  const notice = surviving
    ? undefined
    : planNotice({ stored, wanted, told, due: stranded || (changed && told.length > 0) });

  const noticeComes = notice !== undefined && notice.skipped === undefined;
  /** A new notice takes the place of any other that may still be sent, so that none comes twice. */
  const noticeKept = (reminder: StoredReminder) =>
    toldStates.includes(reminder.state)
      ? !newCancellation && !noticeComes
      : !noticesGo && !noticeComes && reminder.pendingEnd === null;
  const kept = (reminder: StoredReminder) =>
    reminder.kind === 'notice' ? noticeKept(reminder) : keptPlanned.has(reminder);
  /** Where a notice is to follow, what went out before it needs no other way any more. */
  const noticeFollows =
    noticeComes || reminders.some((reminder) => isPendingNotice(reminder) && kept(reminder));
  const isReplaced = ({ state }: StoredReminder) => noticeFollows && toldStates.includes(state);
  const goingEnd = cancelling ? 'cancelled' : 'superseded';
  const going = reminders.filter((reminder) => !kept(reminder));

  return {
    version: (stored?.version ?? 0) + 1,
    revision: wanted.revision ?? null,
    state: wanted.status,
    moved: decideMoved(stored, wanted, told.length > 0),
    newReminders: [
      ...(cancelling
        ? []
        : wanted.reminders.filter((planned) => !matched.has(planned)).map(plan(wanted))),
      ...(notice ? [notice] : []),
    ],
    ended: going.flatMap((reminder) => end(reminder, goingEnd)),
    marked: [
      ...going.filter(isInTheAir).map(({ id }) => ({ id, end: goingEnd }) as const),
      ...Array.from(keptPlanned)
        .filter(({ pendingEnd }) => pendingEnd !== null)
        .map(({ id }) => ({ id, end: null })),
    ],
    ...decideLinks({
      reminders,
      kept: (reminder) => kept(reminder) && !isReplaced(reminder),
      wanted,
    }),
    retimed: reminders
      .filter((reminder) => isPendingNotice(reminder) && kept(reminder))
      .map((reminder) => retimeNotice(reminder, wanted)),
    locksCleared: asksForNew(wanted),
  };
}

/**
 * What a DELETE changes: everything owed ends without notice; what is in the air is marked.
 *
 * Links that went out stay, so that a patient who opens one is told; those nobody has seen go.
 */
export function decideDelete(
  stored: StoredAppointment,
  { erase }: { erase: boolean },
): Pick<PutDecision, 'ended' | 'marked' | 'droppedLinkIds'> {
  const to = erase ? 'erased' : 'cancelled';
  return {
    ended: stored.reminders.flatMap((reminder) => end(reminder, to)),
    marked: stored.reminders.filter(isInTheAir).map(({ id }) => ({ id, end: to }) as const),
    droppedLinkIds: stored.reminders
      .flatMap(({ links }) => links)
      .filter((link) => erase || !link.attempted)
      .map(({ id }) => id),
  };
}

const isInTheAir = (reminder: StoredReminder) => reminder.state === 'sending';
const canEnd: readonly ReminderState[] = ['scheduled', 'queued', 'uncertain', 'failed'];

const inDoubt: readonly ReminderState[] = ['scheduled', 'queued', 'failed'];

function mayHaveGoneOut({ state, possiblySent }: StoredReminder): boolean {
  if (possiblySent && inDoubt.includes(state)) return true;
  return toldStates.includes(state) || state === 'sending' || state === 'uncertain';
}

/** Not handed off: never tried, or certainly refused and to be tried again. */
function isPendingNotice({ kind, state }: StoredReminder): boolean {
  return kind === 'notice' && (state === 'scheduled' || state === 'queued');
}

/** Pairs what is wanted with the rows that already mean it. */
function match(
  reminders: readonly StoredReminder[],
  wanted: WantedAppointment,
): Map<PlannedReminder, StoredReminder> {
  const pairs = new Map<PlannedReminder, StoredReminder>();
  for (const planned of wanted.reminders) {
    const row = reminders.find(
      (reminder) =>
        reminder.kind === 'planned' &&
        reminder.state !== 'cancelled' &&
        reminder.state !== 'superseded' &&
        reminder.requestedChannel === planned.channel &&
        reminder.before === planned.before &&
        reminder.resolvedAt.equals(planned.resolvedAt) &&
        isRightlyTimed(reminder, planned, wanted),
    );
    if (row) pairs.set(planned, row);
  }
  return pairs;
}

/**
 * Not so after a change of the time zone or of quiet hours alone: what nobody has tried would come in the
 * night or after its deadline, and what was skipped for a night that is none would never come.
 */
function isRightlyTimed(
  row: StoredReminder,
  planned: PlannedReminder,
  { isQuiet }: WantedAppointment,
): boolean {
  if (row.skipped === 'quiet_hours') return planned.skipped !== undefined;
  const isUntried =
    row.state === 'scheduled' &&
    !row.possiblySent &&
    row.links.every(({ attempted }) => !attempted);
  return !isUntried || (row.notAfter.equals(planned.notAfter) && !isQuiet(row.sendAt));
}

function timesOrStatusChanged(stored: StoredAppointment, wanted: WantedAppointment): boolean {
  return (
    !stored.startsAt.equals(wanted.startsAt) ||
    !stored.endsAt.equals(wanted.endsAt) ||
    stored.state !== wanted.status
  );
}

/** Only another start than somebody was told is a move; booked again, or longer, is none. */
function decideMoved(
  stored: StoredAppointment | undefined,
  { startsAt }: WantedAppointment,
  told: boolean,
): boolean {
  if (!stored) return false;
  return stored.moved || (told && !stored.startsAt.equals(startsAt));
}

function plan(wanted: WantedAppointment) {
  return (planned: PlannedReminder): NewReminder => ({
    kind: 'planned',
    requestedChannel: planned.channel,
    channel: firstChannel(planned.channel, wanted.linkChannels),
    before: planned.before,
    resolvedAt: planned.resolvedAt,
    sendAt: planned.sendAt,
    notAfter: planned.notAfter,
    skipped: planned.skipped,
  });
}

function firstChannel(requested: RequestedChannel, usable: readonly Channel[]): Channel {
  if (requested !== 'auto') return requested;
  return usable.includes('email') ? 'email' : 'sms';
}

function end(reminder: StoredReminder, to: EndedReminder['to']): EndedReminder[] {
  if (!canEnd.includes(reminder.state)) return [];
  return [
    {
      ...{ id: reminder.id, from: reminder.state, to },
      possiblySent: reminder.possiblySent || reminder.state === 'uncertain',
    },
  ];
}
