import type {
  AppointmentDetails,
  AppointmentRequest,
  AppointmentState,
  Recipient,
} from './appointment.ts';
import { type Channel, channels } from './channel.ts';
import type { ReminderState } from './reminder.ts';

/** What became of a reminder, as far as it concerns who gets it. */
export type HeldState = 'planned' | 'sent' | 'not_sent' | 'unknown';

/** A passkey: which one, by characters that mean nothing, and the days it was made and last used. */
export interface HeldPasskey {
  readonly tag: string;
  readonly createdOn: Temporal.PlainDate;
  readonly usedOn: Temporal.PlainDate;
}

/** A message by one channel: when it was sent or last tried, or when it is planned for. */
interface HeldMessage {
  readonly channel: Channel;
  readonly at: Temporal.Instant;
  readonly state: HeldState;
}

/** A reminder as it is stored, with what was tried, the earliest first. */
export interface StoredReminder {
  readonly channel: Channel;
  readonly sendAt: Date;
  readonly state: ReminderState;
  readonly sentAt: Date | null;
  readonly possiblySent: boolean;
  readonly attempts: readonly HandOver[];
}

/** One hand-over to a provider; what came of it is null while it lasts. */
export interface HandOver {
  readonly channel: Channel;
  readonly startedAt: Date;
  readonly outcome: 'accepted' | 'refused' | 'uncertain' | null;
}

/** Everything that is held about the recipient of one appointment. */
export interface HeldData {
  readonly appointment: Omit<AppointmentRequest, 'recipient' | 'details' | 'reminders'> & {
    readonly details: AppointmentDetails;
    /** A PIN opens other appointments too: that there is one is told, and not which. */
    readonly recipient: Omit<Recipient, 'pin'> & { readonly pin?: 'set' };
  };
  /** As we were told last: `appointment` is what was sent before it was deleted. */
  readonly state: AppointmentState;
  /** A reminder that went on by another channel is one message for each. */
  readonly reminders: readonly HeldMessage[];
  /** What they made to prove who they are; none is told to who may not remove them. */
  readonly passkeys: readonly HeldPasskey[];
  /** Since when reminders to the contact point of this link are stopped. */
  readonly stoppedSince: Temporal.Instant | undefined;
  /** When what is sealed is gone by itself. */
  readonly keptUntil: Temporal.Instant;
}

const heldStates: Readonly<Record<ReminderState, HeldState>> = {
  scheduled: 'planned',
  queued: 'planned',
  sending: 'planned',
  sent: 'sent',
  delivered: 'sent',
  // It went out, and at times what is called undelivered was read.
  undelivered: 'sent',
  uncertain: 'unknown',
  failed: 'not_sent',
  skipped: 'not_sent',
  cancelled: 'not_sent',
  superseded: 'not_sent',
  expired: 'not_sent',
  suppressed: 'not_sent',
  erased: 'not_sent',
};

/** Puts together what is held, for the one person whom it is about. */
export function describeHeldData({
  request,
  state,
  reminders,
  passkeys,
  stoppedSince,
  keptUntil,
}: {
  request: AppointmentRequest;
  state: AppointmentState;
  reminders: readonly StoredReminder[];
  passkeys: readonly {
    readonly tag: string;
    readonly createdOn: string;
    readonly usedOn: string;
  }[];
  stoppedSince: Date | undefined;
  keptUntil: Date;
}): HeldData {
  const { reminders: _plan, recipient, ...appointment } = request;
  const { pin, ...told } = recipient;
  return {
    appointment: {
      ...appointment,
      recipient: { ...told, ...(pin === undefined ? {} : { pin: 'set' }) },
    },
    state: request.status === 'cancelled' ? 'cancelled' : state,
    reminders: reminders.flatMap(messagesOf),
    passkeys: passkeys.map(({ tag, createdOn, usedOn }) => ({
      tag,
      createdOn: Temporal.PlainDate.from(createdOn),
      usedOn: Temporal.PlainDate.from(usedOn),
    })),
    stoppedSince: stoppedSince && instantOf(stoppedSince),
    keptUntil: instantOf(keptUntil),
  };
}

/** What went out by a channel that the reminder has left, and what became of it where it is now. */
function messagesOf(reminder: StoredReminder): HeldMessage[] {
  const { channel, sendAt, sentAt, attempts } = reminder;
  const earlier = channels
    .map((other) => ({ channel: other, tried: attempts.filter((one) => one.channel === other) }))
    .filter((other) => other.channel !== channel)
    .flatMap(({ tried, ...other }) => {
      const last = tried.at(-1);
      return last ? [{ ...other, at: instantOf(last.startedAt), state: stateOfTries(tried) }] : [];
    });
  const tried = attempts.filter((one) => one.channel === channel);
  const state = stateOf(reminder, tried);
  const at = state === 'planned' ? sendAt : (tried.at(-1)?.startedAt ?? sentAt ?? sendAt);
  return [...earlier, { channel, at: instantOf(at), state }];
}

/** A reminder may have ended otherwise while a message of it was on its way. */
function stateOf({ state, possiblySent }: StoredReminder, tried: readonly HandOver[]): HeldState {
  const held = heldStates[state];
  if (held !== 'not_sent') return held;
  if (tried.some(({ outcome }) => outcome === 'accepted')) return 'sent';
  return possiblySent ? 'unknown' : held;
}

function stateOfTries(tried: readonly HandOver[]): HeldState {
  if (tried.some(({ outcome }) => outcome === 'accepted')) return 'sent';
  return tried.every(({ outcome }) => outcome === 'refused') ? 'not_sent' : 'unknown';
}

function instantOf(date: Date): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(date.getTime());
}
