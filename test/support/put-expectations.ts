import fc from 'fast-check';
import { decidePut, type PutDecision } from '../../src/domain/put-decision.ts';
import type {
  StoredAppointment,
  StoredReminder,
  WantedAppointment,
} from '../../src/domain/put-facts.ts';
import type { ReminderState } from '../../src/domain/reminder.ts';
import { meaningOf, replacement, type Scenario, scenario } from './put-scenarios.ts';

export const runs = { numRuns: 300 };

/** Holds for whatever is stored and whatever is wanted of it. */
export function always(check: (scenario: Scenario, decision: PutDecision) => void): void {
  fc.assert(
    fc.property(scenario, (one) => check(one, decidePut(one.stored, one.wanted))),
    runs,
  );
}

/** Holds wherever an appointment is stored already. */
export function whenReplacing(
  check: (stored: StoredAppointment, wanted: WantedAppointment, decision: PutDecision) => void,
): void {
  fc.assert(
    fc.property(replacement, ({ stored, wanted }) =>
      check(stored, wanted, decidePut(stored, wanted)),
    ),
    runs,
  );
}

export const is =
  (...states: ReminderState[]) =>
  (reminder: { state: ReminderState }) =>
    states.includes(reminder.state);
export const told = is('sent', 'delivered', 'undelivered');
export const mayHaveGoneOut = (one: StoredReminder) =>
  is('sent', 'delivered', 'undelivered', 'sending', 'uncertain')(one) ||
  (one.possiblySent && is('scheduled', 'queued', 'failed')(one));
export const isWaiting = is('scheduled', 'queued');
/** What a provider may yet be handed, dead letters that a person may send again included. */
export const mayOweASend = is('scheduled', 'queued', 'sending', 'uncertain', 'failed');
export const isNotice = ({ kind }: { kind: string }) => kind === 'notice';
export const isWaitingNotice = (one: StoredReminder) => isNotice(one) && isWaiting(one);
export const isPlanned = ({ kind }: { kind: string }) => kind === 'planned';
export const ids = (some: readonly { readonly id: string }[]) => some.map(({ id }) => id);
export const linksOf = (stored: StoredAppointment | undefined) =>
  stored?.reminders.flatMap(({ links }) => links) ?? [];

/** Planned reminders of the old version that the new one still means, and would not time otherwise. */
export function unchanged(stored: StoredAppointment | undefined, wanted: WantedAppointment) {
  return (stored?.reminders ?? []).filter((reminder) => {
    const planned = wanted.reminders.find(
      (one) => meaningOf(one, one.channel) === meaningOf(reminder, reminder.requestedChannel),
    );
    return (
      wanted.status === 'booked' &&
      isPlanned(reminder) &&
      !is('cancelled', 'superseded')(reminder) &&
      planned !== undefined &&
      !(isUntried(reminder) && wanted.isQuiet(reminder.sendAt)) &&
      !(reminder.skipped === 'quiet_hours' && planned.skipped === undefined)
    );
  });
}

const isUntried = ({ state, possiblySent, links }: StoredReminder) =>
  state === 'scheduled' && !possiblySent && !links.some(({ attempted }) => attempted);

export const isNewCancellation = (
  stored: StoredAppointment | undefined,
  wanted: WantedAppointment,
) => stored !== undefined && wanted.status === 'cancelled' && stored.state !== 'cancelled';

export const timesOrStatusChanged = (stored: StoredAppointment, wanted: WantedAppointment) =>
  !stored.startsAt.equals(wanted.startsAt) ||
  !stored.endsAt.equals(wanted.endsAt) ||
  stored.state !== wanted.status;

/** A notice waits for a channel that nothing can be sent on any more. */
export const isStranded = (stored: StoredAppointment, wanted: WantedAppointment) =>
  stored.reminders
    .filter(isNotice)
    .filter(isWaiting)
    .some(({ channel }) => !wanted.linkChannels.includes(channel));
