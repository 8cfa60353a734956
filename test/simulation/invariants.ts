import { type DoubtBooks, unaccountedDoubts } from '../../src/domain/doubt-books.ts';
import { finalStates, type ReminderState, toldStates } from '../../src/domain/reminder.ts';
import { isChecked, questionOf } from './check-statements.ts';
import { isOfLife, rowName } from './life-table.ts';
import type { Copy } from './provider.ts';
import { maySend } from './restore-statements.ts';
import type { EventRow, ReminderRow, Tables } from './tables.ts';

/** A promise that a schedule broke. */
export interface Breach {
  readonly promise: 'I1' | 'I2' | 'I3' | 'I4' | 'life' | 'doubt' | 'attempts' | 'restore' | 'code';
  readonly what: string;
}

export interface Watch {
  readonly breaches: readonly Breach[];
  /** Rows of the table that were walked. */
  readonly walked: ReadonlySet<string>;
  /** To be told of each message at the moment the peer takes it. */
  taken(copy: Copy): void;
  /** To be told of a send in the air whose end was asked for, for good. */
  endAsked(reminderId: string): void;
  /** Looks at all that has happened since it last looked. */
  look(): void;
  /** Of a backup. @returns what is to be called when the database goes back to it */
  remember(): () => void;
  /** The database went back. @param gone as it was until then */
  restored(gone: Tables): void;
  /** It may be sent from again. */
  admitted(): void;
  /** To be asked when all trouble has been over for long enough. */
  lookAtEnd(): void;
}

/** A provider must be given this long, so what has less left may end as `expired`. */
const leastValidityMs = 60_000;
const doubtEnds: readonly ReminderState[] = ['cancelled', 'superseded', 'expired', 'erased'];

/** Checks what was promised after every step, against the peer's own ledger. */
export function watch(
  tables: Tables,
  { copies, nowMs }: { copies: readonly Copy[]; nowMs: () => number },
): Watch {
  const breaches: Breach[] = [];
  const walked = new Set<string>();
  /** By the events alone. */
  const states = new Map<string, ReminderState>();
  const ended = new Set<string>();
  const counts = { made: 0, sent: 0, resent: 0, held: 0, answered: 0, ended: 0 };
  /** Of reminders: how many copies the peer has that went out before a restore, or by what it has lost. */
  const goneOut = new Map<string, number>();
  const lost = new Set<string>();
  const erased = new Set<string>();
  const revoked = new Set<string>();
  let kept: readonly string[] = [];
  let seen = 0;
  let seenCopies = 0;

  function breach(promise: Breach['promise'], what: string): void {
    breaches.push({ promise, what });
  }

  const copiesOf = ({ id }: ReminderRow) =>
    copies.filter(({ reminderId }) => reminderId === id).length;
  const rowOf = (id: string) => tables.reminders.find((row) => row.id === id);

  const doubtsOf = ({ id }: ReminderRow) =>
    tables.attempts.filter(
      ({ reminder_id: of, outcome }) => of === id && (outcome ?? 'uncertain') === 'uncertain',
    ).length;

  function follow(event: EventRow): void {
    const from = states.get(event.reminder_id) ?? 'none';
    const to = event.to_state;
    const told = event.from_state ?? 'none';
    const name = rowName(told, to);
    if (told !== from) breach('I3', `${name} is told of a reminder that was ${from}`);
    states.set(event.reminder_id, to);
    // Flags alone.
    if (told === to) return;
    walked.add(name);
    if (!isOfLife(told, to)) breach('life', `${name} is not in the table`);
    count(told, to, event.reason_code ?? '');
    const row = rowOf(event.reminder_id);
    if (row) followStep(row, { ...event, told, to, name });
  }

  function followStep(
    row: ReminderRow,
    step: EventRow & { told: ReminderState | 'none'; to: ReminderState; name: string },
  ): void {
    const { told, to, name } = step;
    if (told === 'uncertain' && doubtEnds.includes(to) && !step.possibly_sent) {
      breach('life', `${name} is not flagged as possibly sent`);
    }
    if (told === 'uncertain' && to === 'scheduled' && isResent(step) && !step.possible_duplicate) {
      breach('I2', `${name} is not flagged as a possible duplicate`);
    }
    if (told === 'uncertain' && to === 'scheduled' && isResent(step) && doubtsOf(row) > 1) {
      breach('I2', 'it is sent once more for a second time');
    }
    if ((told === 'sent' || told === 'undelivered') && to === 'scheduled') {
      if (!step.possible_duplicate) breach('I2', `${name} is not flagged as a possible duplicate`);
    }
    if (to === 'sending' && !maySend(tables))
      breach('restore', 'it is sent from a database that nobody has compared with its mark');
    if (to === 'sending' && (row.pending_end || ended.has(row.id)))
      breach('I4', 'an attempt begins after its end was asked');
    if (to === 'queued' && row.due_at > nowMs()) breach('I4', 'it is taken before it is due');
    if (to === 'queued' && isChecked(tables, row.organisation_id)) {
      const until = questionOf(tables, row.id)?.proceed_until ?? 0;
      if (until <= nowMs())
        breach('I4', 'it is taken, and its booking system did not answer for it');
    }
    if (toldStates.includes(to) && copiesOf(row) === 0) {
      breach('I1', `${name}, and the peer has nothing`);
    }
    if (to === 'failed' && !step.reason_code) breach('I1', 'it failed for no reason');
    if (to === 'expired' && nowMs() < row.not_after - leastValidityMs) {
      breach('I1', 'it expired before its time');
    }
  }

  function count(from: ReminderState | 'none', to: ReminderState, reason: string): void {
    if (to === 'uncertain') counts.made += 1;
    if (from !== 'uncertain') return;
    if (toldStates.includes(to)) counts.sent += 1;
    else if (doubtEnds.includes(to)) counts.ended += 1;
    else if (to === 'failed' && reason === 'held_uncertain') counts.held += 1;
    else if (to === 'scheduled' && /^not_(found|settled)$/.test(reason)) counts.resent += 1;
    else counts.answered += 1;
  }

  function lookAtRows(): void {
    let open = 0;
    for (const row of tables.reminders) {
      if (row.state === 'uncertain') open += 1;
      if (states.get(row.id) !== row.state) {
        breach('I3', `it is ${row.state}, and its events say ${states.get(row.id)}`);
      }
      const isAgain = copiesOf(row) > Math.max(1, goneOut.get(row.id) ?? 0);
      if (!row.possible_duplicate && isAgain) {
        breach('I2', `the peer has ${copiesOf(row)} copies of it, and it is not flagged`);
      }
    }
    const books: DoubtBooks = { ...counts, open };
    if (unaccountedDoubts(books) !== 0) breach('doubt', JSON.stringify(books));
  }

  function lookAtAttempts(): void {
    const numbers = new Map<string, number>();
    for (const { reminder_id: id, number } of tables.attempts) {
      if (number !== (numbers.get(id) ?? 0) + 1)
        breach('attempts', `number ${number} is out of order`);
      numbers.set(id, number);
    }
    for (const row of tables.reminders) {
      if (row.attempt_count !== (numbers.get(row.id) ?? 0)) {
        breach('attempts', `it counts ${row.attempt_count}, and has ${numbers.get(row.id) ?? 0}`);
      }
    }
  }

  function lookAtKept(): void {
    const ids = new Set([...tables.appointments, ...tables.reminders].map(({ id }) => id));
    if (kept.some((id) => !ids.has(id))) breach('restore', 'what was in the backup is gone');
    for (const { id, state } of tables.appointments) {
      if (erased.has(id) && state !== 'erased') breach('restore', 'what was erased is back');
    }
    for (const { id, appointment_id: of, revoked_at: at } of tables.links) {
      if (erased.has(of)) breach('restore', 'a link of what was erased is back');
      if (revoked.has(id) && at === null) breach('restore', 'a link that was revoked is back');
    }
  }

  return {
    breaches,
    walked,
    taken(copy) {
      const row = rowOf(copy.reminderId);
      // By a worker that a restore left alive, whose intent is lost.
      if (!tables.attempts.some(({ token }) => token.toString('base64url') === copy.token)) {
        goneOut.set(copy.reminderId, (goneOut.get(copy.reminderId) ?? 0) + 1);
        if (row || lost.has(copy.reminderId)) return;
      }
      if (!row) return breach('I4', 'the peer was handed what was never accepted');
      if (finalStates.includes(row.state) && !(copy.stalled && row.possibly_sent)) {
        breach('I4', `the peer was handed what is ${row.state}`);
      }
      if (copy.stalled) return;
      if (row.state === 'sending' && copy.atMs < row.send_at) breach('I4', 'sent before its time');
      if (copy.atMs > row.not_after) breach('I4', 'sent after its time');
    },
    endAsked(reminderId) {
      ended.add(reminderId);
    },
    look() {
      if (seen === tables.events.length && seenCopies === copies.length) return;
      const attemptsToo = tables.events.length > seen;
      for (; seen < tables.events.length; seen += 1) {
        const event = tables.events[seen];
        if (event) follow(event);
      }
      seenCopies = copies.length;
      lookAtRows();
      if (attemptsToo) lookAtAttempts();
    },
    remember() {
      const was = { states: new Map(states), ended: new Set(ended), counts: { ...counts }, seen };
      const ids = [...tables.appointments, ...tables.reminders].map(({ id }) => id);
      return () => {
        states.clear();
        ended.clear();
        for (const [id, state] of was.states) states.set(id, state);
        for (const id of was.ended) ended.add(id);
        Object.assign(counts, was.counts);
        seen = was.seen;
        kept = ids;
      };
    },
    restored(gone) {
      for (const row of tables.reminders) goneOut.set(row.id, copiesOf(row));
      for (const { id } of gone.reminders) if (!rowOf(id)) lost.add(id);
      for (const { id, state } of gone.appointments) if (state === 'erased') erased.add(id);
      for (const { id, revoked_at: at } of gone.links) if (at !== null) revoked.add(id);
    },
    admitted: lookAtKept,
    lookAtEnd() {
      if (kept.length > 0) lookAtKept();
      for (const row of tables.reminders) {
        const proven = tables.attempts.filter(
          ({ reminder_id: of, outcome, receipt_state: state }) =>
            of === row.id && outcome === 'accepted' && state !== 'undelivered',
        );
        if (proven.slice(1).some(({ proven_copy_at: at }) => at === null)) {
          breach('I2', 'a second copy is proven, and not told of');
        }
        if (['scheduled', 'queued', 'sending', 'uncertain'].includes(row.state)) {
          breach('I1', `it is ${row.state} long after all trouble was over`);
        }
        if (toldStates.includes(row.state) && copiesOf(row) === 0) {
          breach('I1', `it is ${row.state}, and the peer has nothing`);
        }
      }
    },
  };
}

function isResent({ reason_code: reason }: EventRow): boolean {
  return reason === 'not_found' || reason === 'not_settled';
}
