import type { AppointmentState } from '../domain/appointment.ts';
import type { RequestedChannel } from '../domain/channel.ts';
import type { Scope } from '../domain/scope.ts';
import type { ReadableAppointment, ReadableReminder } from '../store/appointment-reads.ts';

/** What a booking system reads back of an appointment; the optional parts only with scope `status`. */
export interface AppointmentAnswer {
  readonly id: string;
  readonly reference: string;
  readonly version: number;
  readonly revision: number | null;
  readonly state: AppointmentState;
  readonly locked?: boolean;
  readonly reminders: readonly {
    readonly id: string;
    readonly channel: RequestedChannel;
    readonly state: string;
    readonly skipped?: string;
    readonly sentAt?: string | null;
    readonly deliveredAt?: string | null;
    readonly reasonCode?: string | null;
  }[];
}

/**
 * Leaves out what the scopes do not cover. When something is to be sent is never told: it would say
 * when the appointment is.
 */
export function describeAppointment(
  appointment: ReadableAppointment,
  scopes: readonly Scope[],
): AppointmentAnswer {
  const { id, reference, version, revision, state, locked, reminders } = appointment;
  const withStatus = scopes.includes('status');
  return {
    id,
    reference,
    version,
    revision,
    state,
    ...(withStatus ? { locked } : {}),
    reminders: reminders.map((reminder) => ({
      id: reminder.id,
      channel: reminder.channel,
      state: reminder.state,
      ...(reminder.skipped === null ? {} : { skipped: reminder.skipped }),
      ...(withStatus ? whatBecame(reminder) : {}),
    })),
  };
}

function whatBecame({ sentAt, deliveredAt, reasonCode }: ReadableReminder) {
  return {
    sentAt: sentAt?.toISOString() ?? null,
    deliveredAt: deliveredAt?.toISOString() ?? null,
    reasonCode,
  };
}
