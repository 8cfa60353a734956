import type { PutAnswer, ReminderAnswer } from '../domain/appointment.ts';
import type { NewReminder, StoredAppointment } from '../domain/put-facts.ts';
import type { AcceptedVersion } from '../store/accepted-version.ts';

/** A written version, and what stood there before it. */
export interface Accepted extends AcceptedVersion {
  /** Its reminders stay as they are but for those that the version ends or gives other times. */
  readonly stored: StoredAppointment | undefined;
}

/** What an accepted PUT answers beside its receipt: every reminder as it stands now, soonest first. */
export function describeAccepted(
  { decision, sealed, stored, ...version }: Accepted,
  language: string,
): Omit<PutAnswer, 'receipt' | 'receiptSalt'> {
  const ended = new Map(decision.ended.map((end) => [end.id, end]));
  const inFlight = new Set(decision.marked.filter(({ end }) => end !== null).map(({ id }) => id));
  const retimed = new Map(decision.retimed.map((times) => [times.id, times]));
  const kept = (stored?.reminders ?? []).map((reminder) => {
    const end = ended.get(reminder.id);
    const possiblySent = end?.possiblySent ?? reminder.possiblySent;
    return describeReminder(
      { ...reminder, possiblySent, ...retimed.get(reminder.id) },
      end?.to ?? (inFlight.has(reminder.id) ? 'in_flight' : reminder.state),
    );
  });
  const added = sealed.reminders.map((reminder) =>
    describeReminder(reminder, reminder.skipped ? 'skipped' : 'scheduled'),
  );
  return {
    created: version.created,
    id: version.id,
    reference: version.reference,
    version: decision.version,
    revision: decision.revision,
    state: decision.state,
    language,
    reminders: [...kept, ...added].sort((one, other) => (one.sendAt < other.sendAt ? -1 : 1)),
  };
}

type Described = Pick<NewReminder, 'requestedChannel' | 'sendAt' | 'notAfter'> & {
  readonly id: string;
  readonly skipped?: string | null | undefined;
  readonly possiblySent?: boolean;
};

function describeReminder(reminder: Described, state: string): ReminderAnswer {
  const { id, requestedChannel: channel, skipped, possiblySent } = reminder;
  const sendAt = inMilliseconds(reminder.sendAt);
  const notAfter = inMilliseconds(reminder.notAfter);
  return {
    ...{ id, channel, sendAt, notAfter, state },
    ...(skipped ? { skipped } : {}),
    ...(possiblySent ? { possiblySent } : {}),
  };
}

/** Of one length, so that the texts sort as the instants do. */
function inMilliseconds(instant: Temporal.Instant): string {
  return instant.toString({ smallestUnit: 'millisecond' });
}
