import type { AppointmentState } from '../domain/appointment.ts';
import type { ReceiptState } from '../domain/attempt.ts';
import type { Channel, Mode, RequestedChannel } from '../domain/channel.ts';
import type { Factor } from '../domain/factor.ts';
import type { ReminderState } from '../domain/reminder.ts';
import type { Connection } from './database.ts';

/** What an appointment's history is made of, as operators may see it. */
export interface TimelineAppointment {
  readonly id: string;
  readonly organisationId: string;
  readonly organisationName: string;
  readonly mode: Mode;
  readonly reference: string;
  readonly state: AppointmentState;
  readonly version: number;
  readonly startsAt: Date;
  readonly moved: boolean;
  readonly pausedAt: Date | null;
  readonly deletedAt: Date | null;
  readonly acceptedAt: Date;
}

export interface TimelineReminder {
  readonly id: string;
  readonly kind: 'planned' | 'notice';
  readonly requestedChannel: RequestedChannel;
  readonly channel: Channel;
  readonly before: string | null;
  readonly sendAt: Date;
  readonly dueAt: Date;
  readonly notAfter: Date;
  readonly state: ReminderState;
  readonly skippedReason: string | null;
  readonly reasonCode: string | null;
  readonly pendingEnd: string | null;
  readonly possibleDuplicate: boolean;
  readonly possiblySent: boolean;
  readonly sentAt: Date | null;
  readonly deliveredAt: Date | null;
}

export interface TimelineEvent {
  readonly at: Date;
  readonly type: string;
  readonly reminderId: string | null;
  readonly from: ReminderState | null;
  readonly to: ReminderState | null;
  readonly reasonCode: string | null;
  readonly possibleDuplicate: boolean;
  readonly possiblySent: boolean;
}

export interface TimelineAttempt {
  readonly id: string;
  readonly reminderId: string;
  readonly number: number;
  readonly channel: Channel;
  readonly transport: string;
  readonly startedAt: Date;
  readonly outcome: 'accepted' | 'refused' | 'uncertain' | null;
  readonly reasonCode: string | null;
  readonly providerId: string | null;
  readonly receiptState: ReceiptState | null;
  readonly receiptCode: string | null;
  readonly receiptAt: Date | null;
  readonly possibleDuplicate: boolean;
}

export interface TimelineLink {
  readonly reminderId: string;
  readonly channel: Channel;
  readonly current: boolean;
  /** Whether what is needed to send it once more still stands. */
  readonly sealed: boolean;
  readonly attemptedAt: Date | null;
  /** Whether it went out and, although nobody revoked it, opens nothing: under no key that holds. */
  readonly isKeyGone: boolean;
  readonly revokedAt: Date | null;
  readonly expiresAt: Date;
  readonly createdAt: Date;
}

/** The question to the booking system whether it may go out. */
export interface TimelineQuestion {
  readonly reminderId: string;
  readonly askedCount: number;
  readonly unansweredSince: Date | null;
  readonly failedCode: string | null;
  readonly decision: 'proceed' | 'drop' | 'send_unanswered' | 'hold_unanswered' | null;
  readonly decidedAt: Date | null;
}

export interface TimelineLock {
  readonly factor: Factor;
  readonly failedCount: number;
  readonly lockedAt: Date | null;
  readonly helpCode: string | null;
}

export interface TimelineRows {
  readonly appointment: TimelineAppointment;
  readonly reminders: readonly TimelineReminder[];
  readonly events: readonly TimelineEvent[];
  readonly attempts: readonly TimelineAttempt[];
  readonly links: readonly TimelineLink[];
  readonly questions: readonly TimelineQuestion[];
  readonly locks: readonly TimelineLock[];
}

/** An appointment that is changed for weeks has many of each; the newest are shown. */
const timelineRowsMax = 500;

/** Reads all that is known of one appointment; every statement goes by the appointment's own index. */
export async function readTimelineRows(
  connection: Connection,
  { appointmentId }: { appointmentId: string },
): Promise<TimelineRows | undefined> {
  const select = async <Row extends object>(text: string): Promise<Row[]> =>
    (await connection.query<Row>(text, [appointmentId])).rows;
  const [appointment] = await select<TimelineAppointment>(
    `select a.id, a.organisation_id as "organisationId", o.name as "organisationName", a.mode,
       a.reference, a.state, a.version, a.starts_at as "startsAt", a.moved, a.paused_at as "pausedAt",
       a.deleted_at as "deletedAt", a.created_at as "acceptedAt"
     from appointments a join organisations o on o.id = a.organisation_id where a.id = $1`,
  );
  if (!appointment) return undefined;
  return {
    appointment,
    reminders: await select(
      `select id, kind, requested_channel as "requestedChannel", channel, before,
         send_at as "sendAt", due_at as "dueAt", not_after as "notAfter", state,
         skipped_reason as "skippedReason", reason_code as "reasonCode", pending_end as "pendingEnd",
         possible_duplicate as "possibleDuplicate", possibly_sent as "possiblySent",
         sent_at as "sentAt", delivered_at as "deliveredAt"
       from reminders where appointment_id = $1 order by send_at desc, id limit ${timelineRowsMax}`,
    ),
    events: await select(
      `select created_at as at, type, reminder_id as "reminderId", from_state as "from",
         to_state as "to", reason_code as "reasonCode", possible_duplicate as "possibleDuplicate",
         possibly_sent as "possiblySent"
       from events where appointment_id = $1 order by created_at desc, id desc limit ${timelineRowsMax}`,
    ),
    attempts: await select(
      `select t.id, t.reminder_id as "reminderId", t.number, t.channel, t.transport,
         t.started_at as "startedAt", t.outcome, t.reason_code as "reasonCode",
         t.provider_id as "providerId", t.receipt_state as "receiptState",
         t.receipt_code as "receiptCode", t.receipt_at as "receiptAt",
         t.possible_duplicate as "possibleDuplicate"
       from attempts t join reminders r on r.id = t.reminder_id where r.appointment_id = $1
       order by t.started_at desc, t.number desc limit ${timelineRowsMax}`,
    ),
    links: await select(
      `select reminder_id as "reminderId", channel, current, parcel_day is not null as sealed,
         attempted_at as "attemptedAt", revoked_at as "revokedAt", expires_at as "expiresAt",
         attempted_at is not null and (selector is null or exists (
           select from revoked_selectors s where s.selector = links.selector)) as "isKeyGone",
         created_at as "createdAt"
       from links where appointment_id = $1 order by created_at desc, id limit ${timelineRowsMax}`,
    ),
    questions: await select(
      `select q.reminder_id as "reminderId", q.asked_count as "askedCount",
         q.unanswered_since as "unansweredSince", q.failed_code as "failedCode", q.decision,
         q.decided_at as "decidedAt"
       from send_questions q join reminders r on r.id = q.reminder_id where r.appointment_id = $1
       limit ${timelineRowsMax}`,
    ),
    locks: await select(
      `select factor, failed_count as "failedCount", locked_at as "lockedAt", help_code as "helpCode"
       from factor_failures where appointment_id = $1 order by factor`,
    ),
  };
}
