import { leastValidityMs } from '../../config/retry.ts';
import { decideRedrive, type RedriveDecision } from '../domain/redrive.ts';
import { insertAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import { listActivePauses, type Pause } from '../store/pauses.ts';
import { readRedriveFacts } from '../store/redrives.ts';
import {
  readTimelineRows,
  type TimelineAppointment,
  type TimelineAttempt,
  type TimelineEvent,
  type TimelineLink,
  type TimelineLock,
  type TimelineQuestion,
  type TimelineReminder,
} from '../store/timeline-reads.ts';
import { reasonForStatus } from '../transport/email-smtp-replies.ts';
import { refusalForTwilioCode } from '../transport/sms-twilio-codes.ts';

export type { TimelineLink, TimelineLock, TimelineQuestion } from '../store/timeline-reads.ts';

/** An attempt, with our word for what the provider's code of its receipt means. */
export interface ExplainedAttempt extends TimelineAttempt {
  readonly receiptReason: string | null;
}

/** A reminder with all that happened to it, oldest first, and what can be done. */
export interface ReminderHistory extends TimelineReminder {
  readonly events: readonly TimelineEvent[];
  readonly attempts: readonly ExplainedAttempt[];
  readonly links: readonly TimelineLink[];
  /** Absent where nobody was asked. */
  readonly question: TimelineQuestion | undefined;
  readonly redrive: RedriveDecision;
}

export interface Timeline {
  readonly appointment: TimelineAppointment;
  /** What happened to the appointment itself, oldest first. */
  readonly events: readonly TimelineEvent[];
  /** In the order they are due. */
  readonly reminders: readonly ReminderHistory[];
  /** Factors with wrong answers, locked or not. */
  readonly locks: readonly TimelineLock[];
  /** Those in force that hold it up, wholly or on one channel. */
  readonly pauses: readonly Pause[];
}

/**
 * The whole history of an appointment as operators may see it: states, codes and times. That somebody
 * looked is a line in the audit; where it cannot be written, nothing is shown.
 *
 * @param input.actor who looks
 * @returns undefined when there is none with this id
 */
export async function readTimeline(
  { database }: { database: Pick<Database, 'transaction' | 'query'> },
  { appointmentId, actor }: { appointmentId: string; actor: string },
): Promise<Timeline | undefined> {
  const organisationIds = await listOrganisationIds(database);
  return database.transaction(organisationIds, async (connection) => {
    const rows = await readTimelineRows(connection, { appointmentId });
    if (!rows) return undefined;
    const facts = await readRedriveFacts(
      connection,
      rows.reminders.map(({ id }) => id),
    );
    const decisions = new Map(
      facts.map((fact) => [fact.reminderId, decideRedrive(fact, { leastValidityMs })]),
    );
    const of = <Row extends { reminderId: string | null }>(
      all: readonly Row[],
      id: string | null,
    ) => all.filter(({ reminderId }) => reminderId === id).toReversed();
    const pauses = await listActivePauses(connection);
    const { organisationId } = rows.appointment;
    await insertAudit(connection, {
      actor,
      action: 'timeline.view',
      organisationId,
      subject: appointmentId,
    });
    return {
      appointment: rows.appointment,
      events: of(rows.events, null),
      locks: rows.locks,
      pauses: pauses.filter(
        (pause) => pause.organisationId === undefined || pause.organisationId === organisationId,
      ),
      reminders: rows.reminders.toReversed().map((reminder) => ({
        ...reminder,
        events: of(rows.events, reminder.id),
        attempts: of(rows.attempts, reminder.id).map(explain),
        links: of(rows.links, reminder.id),
        question: rows.questions.find(({ reminderId }) => reminderId === reminder.id),
        redrive: decisions.get(reminder.id) ?? { kind: 'refused', reason: 'not_failed' },
      })),
    };
  });
}

function explain(attempt: TimelineAttempt): ExplainedAttempt {
  const { channel, receiptState, receiptCode } = attempt;
  if (receiptState !== 'undelivered' || receiptCode === null) {
    return { ...attempt, receiptReason: null };
  }
  const receiptReason =
    channel === 'sms' ? refusalForTwilioCode(receiptCode).reason : reasonForStatus(receiptCode);
  return { ...attempt, receiptReason };
}
