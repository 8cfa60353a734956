import type { AppointmentState, NoticePolicy } from './appointment.ts';
import type { Channel, RequestedChannel } from './channel.ts';
import type { ReminderState, SkipReason } from './reminder.ts';
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
  /** Nobody knows whether an earlier attempt went out. */
  readonly possiblySent: boolean;
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
  /** Whether that moment lies in quiet hours. */
  readonly isQuiet: (instant: Instant) => boolean;
  /** When a notice may next go out before an instant, or undefined when it no longer can. */
  readonly noticeAt: (notAfter: Instant) => Instant | undefined;
  /** A ceiling was reached: what it changes holds, and no message is added. */
  readonly isOverCeiling?: boolean;
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
