import type { PutAnswer, ReminderAnswer } from '../domain/appointment.ts';
import type { NewReminder, StoredAppointment } from '../domain/put-facts.ts';
import type { AcceptedVersion } from '../store/accepted-version.ts';

/** A written version, and what stood there before it. */
export interface Accepted extends AcceptedVersion {
  /** Its reminders stay as they are but for those that the version ends or gives other times. */
  readonly stored: StoredAppointment | undefined;
}

/**
 * What an accepted PUT answers beside its receipt: every reminder as it stands now, soonest first.
 *
 * Times are told only of what is of use until the start that was just put: those of a reminder of another
 * start would tell whoever has a key, and no more, when the appointment was.
 */
export function describeAccepted(
  { decision, sealed, stored, ...version }: Accepted,
  language: string,
): Omit<PutAnswer, 'receipt' | 'receiptSalt'> {
  const { startsAt } = version;
  const ended = new Map(decision.ended.map((end) => [end.id, end]));
  const inFlight = new Set(decision.marked.filter(({ end }) => end !== null).map(({ id }) => id));
  const retimed = new Map(decision.retimed.map((times) => [times.id, times]));
  const kept = (stored?.reminders ?? []).map((reminder): Described => {
    const end = ended.get(reminder.id);
    const possiblySent = end?.possiblySent ?? reminder.possiblySent;
    const state = end?.to ?? (inFlight.has(reminder.id) ? 'in_flight' : reminder.state);
    return { ...reminder, possiblySent, ...retimed.get(reminder.id), state };
  });
  const added = sealed.reminders.map(
    (reminder): Described => ({ ...reminder, state: reminder.skipped ? 'skipped' : 'scheduled' }),
  );
  return {
    created: version.created,
    id: version.id,
    reference: version.reference,
    version: decision.version,
    revision: decision.revision,
    state: decision.state,
    language,
    reminders: [...kept, ...added]
      .sort((one, other) => Temporal.Instant.compare(one.sendAt, other.sendAt))
      .map((reminder) => describeReminder(reminder, startsAt)),
  };
}

type Described = Pick<NewReminder, 'requestedChannel' | 'sendAt' | 'notAfter'> & {
  readonly id: string;
  readonly state: string;
  readonly skipped?: string | null | undefined;
  readonly possiblySent?: boolean;
};

function describeReminder(reminder: Described, startsAt: Temporal.Instant): ReminderAnswer {
  const { id, requestedChannel: channel, state, skipped, possiblySent } = reminder;
  const times = {
    sendAt: inMilliseconds(reminder.sendAt),
    notAfter: inMilliseconds(reminder.notAfter),
  };
  return {
    ...{ id, channel, state },
    ...(reminder.notAfter.equals(startsAt) ? times : {}),
    ...(skipped ? { skipped } : {}),
    ...(possiblySent ? { possiblySent } : {}),
  };
}

function inMilliseconds(instant: Temporal.Instant): string {
  return instant.toString({ smallestUnit: 'millisecond' });
}
