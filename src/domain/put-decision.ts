import type { AppointmentState, NoticePolicy } from './appointment.ts';
import type { Channel, RequestedChannel } from './channel.ts';
import { owedStates, type ReminderState, type SkipReason, toldStates } from './reminder.ts';
import type { PlannedReminder } from './schedule.ts';

type Instant = Temporal.Instant;

/** A link as it stands when the appointment's row is locked. */
export interface StoredLink {
  readonly id: string;
  readonly channel: Channel;
  readonly current: boolean;
  /** A message with this link may have gone out. */
  readonly attempted: boolean;
  readonly revoked: boolean;
  readonly expiresAt: Instant;
  /** A: what a content key is sealed to, so that this link can show it. */
  readonly sealPublicKey: Uint8Array;
}

/** A reminder as it stands when the appointment's row is locked. */
export interface StoredReminder {
  readonly id: string;
  readonly kind: 'planned' | 'notice';
  readonly requestedChannel: RequestedChannel;
  readonly channel: Channel;
  readonly before: string | null;
  readonly resolvedAt: Instant;
  readonly sendAt: Instant;
  readonly dueAt: Instant;
  readonly notAfter: Instant;
  readonly state: ReminderState;
  readonly skipped: SkipReason | null;
  readonly pendingEnd: string | null;
  readonly sentAt: Instant | null;
  readonly links: readonly StoredLink[];
}

/** The appointment's newest accepted version. */
export interface StoredAppointment {
  readonly id: string;
  readonly state: AppointmentState;
  readonly version: number;
  readonly revision: number | null;
  readonly moved: boolean;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly reminders: readonly StoredReminder[];
}

/** What a checked PUT asks for. */
export interface WantedAppointment {
  readonly revision: number | undefined;
  readonly status: 'booked' | 'cancelled';
  readonly notice: NoticePolicy;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly reminders: readonly PlannedReminder[];
  /** Channels with a contact point, a transport, and a factor left to prove with; the preferred first. */
  readonly linkChannels: readonly Channel[];
  readonly now: Instant;
  /** When a notice may next go out before an instant, or undefined when it no longer can. */
  readonly noticeAt: (notAfter: Instant) => Instant | undefined;
}

export interface NewReminder {
  readonly kind: 'planned' | 'notice';
  readonly requestedChannel: RequestedChannel;
  readonly channel: Channel;
  readonly before: string | null;
  readonly resolvedAt: Instant;
  readonly sendAt: Instant;
  readonly notAfter: Instant;
  readonly skipped: SkipReason | undefined;
}

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

export interface PutDecision {
  readonly version: number;
  readonly revision: number | null;
  readonly state: AppointmentState;
  readonly moved: boolean;
  readonly newReminders: readonly NewReminder[];
  readonly ended: readonly EndedReminder[];
  readonly marked: readonly MarkedReminder[];
  /** Links nobody has seen: their secret is made anew, so the rows go. */
  readonly droppedLinkIds: readonly string[];
  /** Links that went out and stay, but no later attempt uses them. */
  readonly retiredLinkIds: readonly string[];
  readonly revokedLinkIds: readonly string[];
  /** Links that went out and show the new version. */
  readonly shownLinks: readonly StoredLink[];
  /** Stored reminders that need a link sealed anew, by channel. */
  readonly resealed: readonly { readonly reminder: StoredReminder; readonly channel: Channel }[];
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
 * whose channel, `before` and resolved time are unchanged keeps its row, whatever its state; gone
 * ones are superseded; nothing that went out is repeated unless its time moves into the future.
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
      ? !newCancellation
      : !noticesGo && !noticeComes && reminder.pendingEnd === null;
  const kept = (reminder: StoredReminder) =>
    reminder.kind === 'notice' ? noticeKept(reminder) : keptPlanned.has(reminder);
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
        .filter((reminder) => isInTheAir(reminder) && reminder.pendingEnd !== null)
        .map(({ id }) => ({ id, end: null })),
    ],
    ...decideLinks({ reminders, kept, wanted }),
    locksCleared: wanted.notice === 'now',
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

function mayHaveGoneOut({ state }: StoredReminder): boolean {
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
        reminder.resolvedAt.equals(planned.resolvedAt),
    );
    if (row) pairs.set(planned, row);
  }
  return pairs;
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

function planNotice({
  stored,
  wanted,
  told,
  due,
}: {
  stored: StoredAppointment | undefined;
  wanted: WantedAppointment;
  told: readonly StoredReminder[];
  /** Whether somebody was told what is no longer so. */
  due: boolean;
}): NewReminder | undefined {
  const owed = wanted.notice === 'now' || (wanted.notice === 'if_told' && due);
  if (!owed) return undefined;
  const channel = noticeChannel(told, wanted.linkChannels);
  if (!channel) return undefined;
  const notAfter = noticeDeadline(stored, wanted);
  const sendAt = wanted.noticeAt(notAfter);
  return {
    kind: 'notice',
    requestedChannel: channel,
    channel,
    before: null,
    resolvedAt: wanted.now,
    sendAt: sendAt ?? wanted.now,
    notAfter,
    // Told like a planned one that cannot be in time: somebody has to call the patient.
    skipped: sendAt ? undefined : 'quiet_hours',
  };
}

/** The channel of the last one gone out if it can still be used, else another that can. */
function noticeChannel(
  told: readonly StoredReminder[],
  usable: readonly Channel[],
): Channel | undefined {
  const last = told.toSorted((one, other) => goneOutAt(one) - goneOutAt(other)).at(-1);
  return last && usable.includes(last.channel) ? last.channel : usable[0];
}

function goneOutAt({ sentAt, sendAt }: StoredReminder): number {
  return (sentAt ?? sendAt).epochMilliseconds;
}

/** A notice of a move is worth nothing after the earlier of the two times, if that is still ahead. */
function noticeDeadline(stored: StoredAppointment | undefined, wanted: WantedAppointment): Instant {
  const old = stored?.startsAt;
  const earlierOld =
    old &&
    Temporal.Instant.compare(old, wanted.startsAt) < 0 &&
    Temporal.Instant.compare(old, wanted.now) > 0;
  return earlierOld ? old : wanted.startsAt;
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
    { id: reminder.id, from: reminder.state, to, possiblySent: reminder.state === 'uncertain' },
  ];
}

type LinkDecision = Pick<
  PutDecision,
  'droppedLinkIds' | 'retiredLinkIds' | 'revokedLinkIds' | 'shownLinks' | 'resealed'
>;

function decideLinks({
  reminders,
  kept,
  wanted,
}: {
  reminders: readonly StoredReminder[];
  kept: (reminder: StoredReminder) => boolean;
  wanted: WantedAppointment;
}): LinkDecision {
  const links = reminders.flatMap((reminder) => reminder.links);
  const attempted = links.filter((link) => link.attempted);
  const revoked = wanted.notice === 'now' ? attempted.filter((link) => !link.revoked) : [];
  const resealed = reminders
    .filter(kept)
    .flatMap((reminder) =>
      wanted.linkChannels
        .filter((channel) => needsNewLink(reminder, channel))
        .map((channel) => ({ reminder, channel })),
    );
  const replaced = new Set(resealed.map(({ reminder, channel }) => `${reminder.id} ${channel}`));
  return {
    droppedLinkIds: links.filter((link) => !link.attempted).map(({ id }) => id),
    retiredLinkIds: reminders.flatMap((reminder) =>
      reminder.links
        .filter(
          (link) =>
            link.attempted && link.current && replaced.has(`${reminder.id} ${link.channel}`),
        )
        .map(({ id }) => id),
    ),
    revokedLinkIds: revoked.map(({ id }) => id),
    shownLinks: attempted
      .filter((link) => !link.revoked && !revoked.includes(link))
      .filter((link) => Temporal.Instant.compare(link.expiresAt, wanted.now) > 0),
    resealed,
  };
}

/**
 * A link nobody has seen is always made anew, because its contact point may have changed; one that
 * went out is joined by a newer one only where its reminder may still owe a send.
 */
function needsNewLink(reminder: StoredReminder, channel: Channel): boolean {
  const owes = owedStates.includes(reminder.state) || reminder.state === 'failed';
  if (owes) return true;
  const sent = reminder.state === 'sent' || reminder.state === 'undelivered';
  const current = reminder.links.find((link) => link.channel === channel && link.current);
  return sent && current !== undefined && !current.attempted;
}
