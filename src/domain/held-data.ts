import type { AppointmentDetails, AppointmentRequest, Recipient } from './appointment.ts';
import type { Channel } from './channel.ts';
import type { ReminderState } from './reminder.ts';

/** What became of a reminder, as far as it concerns who gets it. */
export type HeldState = 'planned' | 'sent' | 'not_sent' | 'unknown';

/** A passkey: which one, by characters that mean nothing, and the days it was made and last used. */
export interface HeldPasskey {
  readonly tag: string;
  readonly createdOn: Temporal.PlainDate;
  readonly usedOn: Temporal.PlainDate;
}

/** Everything that is held about the recipient of one appointment. */
export interface HeldData {
  readonly appointment: Omit<AppointmentRequest, 'recipient' | 'details' | 'reminders'> & {
    readonly details: AppointmentDetails;
    /** A PIN opens other appointments too: that there is one is told, and not which. */
    readonly recipient: Omit<Recipient, 'pin'> & { readonly pin?: 'set' };
  };
  readonly reminders: readonly {
    readonly channel: Channel;
    readonly at: Temporal.Instant;
    readonly state: HeldState;
  }[];
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
  undelivered: 'not_sent',
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
  reminders,
  passkeys,
  stoppedSince,
  keptUntil,
}: {
  request: AppointmentRequest;
  reminders: readonly {
    readonly channel: Channel;
    readonly sendAt: Date;
    readonly state: ReminderState;
    readonly sentAt: Date | null;
  }[];
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
    reminders: reminders.map(({ channel, sendAt, state, sentAt }) => ({
      channel,
      at: instantOf(sentAt ?? sendAt),
      state: heldStates[state],
    })),
    passkeys: passkeys.map(({ tag, createdOn, usedOn }) => ({
      tag,
      createdOn: Temporal.PlainDate.from(createdOn),
      usedOn: Temporal.PlainDate.from(usedOn),
    })),
    stoppedSince: stoppedSince && instantOf(stoppedSince),
    keptUntil: instantOf(keptUntil),
  };
}

function instantOf(date: Date): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(date.getTime());
}
