import { settledStates } from '../../src/domain/attempt.ts';
import type { ReminderState } from '../../src/domain/reminder.ts';
import {
  byId,
  reminderBy,
  remindersOf,
  type Statement,
  type Statements,
  untriedOther,
} from './statement.ts';
import {
  type AttemptRow,
  type Change,
  phaseOf,
  type ReminderRow,
  type Tables,
  tell,
} from './tables.ts';

const told: readonly ReminderState[] = ['sent', 'delivered', 'undelivered'];
const inHand: readonly ReminderState[] = ['queued', 'sending'];
const receiptOrder = ['sent', 'undelivered', 'delivered'];

/** What `src/store/{reminder-steps,outcomes,proven-copies,sweep}.ts` say: what becomes of a send. */
export const outcomeStatements: Statements = {
  'write reminder steps': steps({ settles: false, newSeries: false }),
  'write reminder steps that settle': steps({ settles: true, newSeries: false }),
  'write reminder steps of a new series': steps({ settles: false, newSeries: true }),

  'write accepted': (change, [reminderIds, attemptIds, providerIds]) => {
    const { tables, nowMs } = change;
    const stored: { attempt_id: string }[] = [];
    for (const [place, id] of attemptIds.entries()) {
      const row = reminderBy(tables, reminderIds[place]);
      if (row?.state !== 'sending' || row.pending_end !== null || row.attempt_count !== 1) continue;
      const sent = { state: 'sent', reason_code: null, batch_id: null, lease_until: null } as const;
      change.step(row, { ...sent, sent_at: row.sent_at ?? nowMs, possibly_sent: false }, null);
      const attempt = tables.attempts.find((one) => one.id === id);
      if (!attempt) continue;
      change.set(attempt, {
        ...{ outcome: 'accepted', ended_at: nowMs },
        provider_id: attempt.provider_id ?? providerIds[place],
      });
      stored.push({ attempt_id: id });
    }
    return stored;
  },

  'lock attempts by id = any($1::uuid[])': ({ tables }, [ids]) =>
    lockedAttempts(tables, ({ id }) => ids.includes(id)),
  'lock attempts by token = any($1::bytea[])': ({ tables }, [tokens]) =>
    lockedAttempts(tables, ({ token }) => tokens.some((one: Buffer) => one.equals(token))),

  'read around attempts': ({ tables, nowMs }, [attemptIds, uncounted]) =>
    attemptsWith(tables, ({ id }) => attemptIds.includes(id)).map(({ attempt, reminder }) => {
      const made = tables.attempts.filter(
        (one) =>
          one.reminder_id === reminder.id &&
          one.channel === attempt.channel &&
          one.number > reminder.attempts_before_redrive,
      );
      return {
        attempt_id: attempt.id,
        receipt_state: attempt.receipt_state,
        attempts: made.filter(({ reason_code: code }) => code !== 'not_started').length,
        counted: made.filter(({ reason_code: code }) => !uncounted.includes(code)).length,
        until_not_after_ms: reminder.not_after - nowMs,
        other_channel: untriedOther(tables, reminder)?.channel ?? null,
      };
    }),

  'write attempt ends': (change, [attemptIds, outcomes, reasons, providerIds]) => {
    for (const [place, id] of attemptIds.entries()) {
      const attempt = change.tables.attempts.find((one) => one.id === id);
      const outcome = outcomes[place];
      if (!attempt) continue;
      const isOpen = attempt.outcome === null || attempt.outcome === 'uncertain';
      if (!isOpen && !(attempt.outcome === 'refused' && outcome === 'accepted')) continue;
      change.set(attempt, {
        ...{ outcome, reason_code: reasons[place], ended_at: change.nowMs },
        provider_id:
          attempt.provider_id ??
          (isOfAnother(change.tables, attempt, providerIds[place]) ? null : providerIds[place]),
      });
    }
    return [];
  },

  'write attempt receipt': (change, [attemptId, state, code, providerId]) => {
    const attempt = change.tables.attempts.find(({ id }) => id === attemptId);
    if (!attempt || isOfAnother(change.tables, attempt, providerId)) return [];
    const isStronger =
      state !== null &&
      (attempt.receipt_state === null ||
        receiptOrder.indexOf(state) > receiptOrder.indexOf(attempt.receipt_state));
    change.set(attempt, {
      outcome: 'accepted',
      reason_code: attempt.outcome === 'accepted' ? attempt.reason_code : null,
      ended_at: attempt.ended_at ?? change.nowMs,
      provider_id: attempt.provider_id ?? providerId,
      ...(isStronger ? { receipt_state: state, receipt_code: code } : {}),
    });
    return [{}];
  },

  'mark proven copies': (change, [reminderIds]) => {
    const { tables, nowMs } = change;
    for (const row of remindersOf(tables, reminderIds)) {
      const proven = tables.attempts
        .filter(({ reminder_id: of, outcome }) => of === row.id && outcome === 'accepted')
        .filter(({ receipt_state: state }) => state !== 'undelivered')
        .sort((one, other) => one.number - other.number);
      for (const attempt of proven.slice(1)) {
        if (attempt.proven_copy_at !== null) continue;
        change.set(attempt, { proven_copy_at: nowMs });
        tell(change, row, row.state, 'proven_duplicate');
      }
    }
    return [];
  },

  'release late queued': (change) => {
    const late = lateOf(change, 'queued');
    for (const row of late) {
      const given = { state: row.pending_end ?? 'scheduled', reason_code: 'lease_passed' } as const;
      change.step(row, { ...given, batch_id: null, lease_until: null }, 'lease_passed');
      clearSettled(change, row);
    }
    return [{ count: late.length }];
  },

  'mark late sending': (change) => {
    const { tables, nowMs } = change;
    const late = lateOf(change, 'sending');
    for (const row of late) {
      for (const attempt of tables.attempts) {
        if (attempt.reminder_id !== row.id || attempt.outcome !== null) continue;
        const ended = { outcome: 'uncertain', reason_code: 'process_died' } as const;
        change.set(attempt, { ...ended, ended_at: nowMs });
      }
      change.step(
        row,
        {
          state: row.pending_end ?? 'uncertain',
          possibly_sent: row.possibly_sent || row.pending_end !== null,
          ...{ batch_id: null, lease_until: null, reason_code: 'process_died' },
        },
        'process_died',
      );
      clearSettled(change, row);
    }
    return [{ count: late.length }];
  },

  'expire reminders': (change, [ourTime]) => {
    const now = Math.min(change.nowMs, Date.parse(ourTime));
    const past = change.tables.reminders.filter(
      (row) => ['scheduled', 'failed', 'uncertain'].includes(phaseOf(row)) && row.not_after <= now,
    );
    for (const row of past) {
      const possiblySent = row.possibly_sent || row.state === 'uncertain';
      change.step(row, { state: 'expired', possibly_sent: possiblySent }, row.reason_code);
      clearSettled(change, row);
    }
    return [{ count: past.length }];
  },
};

function steps({ settles, newSeries }: { settles: boolean; newSeries: boolean }): Statement {
  return (change, values) => {
    const [ids, froms, tos, reasons, dues, possibly, channels, duplicates] = values;
    const { tables, nowMs } = change;
    for (const [place, id] of ids.entries()) {
      const row = reminderBy(tables, id);
      if (!row) continue;
      const [from, to] = [froms[place], tos[place]];
      const due = dues[place];
      // The statement takes its word for where the reminder stood; that it was true is checked here.
      if (row.state !== from) throw new Error(`a step from ${from} was written onto ${row.state}`);
      change.step(
        row,
        {
          state: to,
          reason_code: from === to ? row.reason_code : reasons[place],
          due_at: due === null ? row.due_at : nowMs + due,
          batch_id: inHand.includes(to) ? row.batch_id : null,
          lease_until: inHand.includes(to) ? row.lease_until : null,
          sent_at: told.includes(to) ? (row.sent_at ?? nowMs) : row.sent_at,
          delivered_at: to === 'delivered' ? (row.delivered_at ?? nowMs) : row.delivered_at,
          possibly_sent: possibly[place] || (row.possibly_sent && !told.includes(to)),
          channel: channels[place] ?? row.channel,
          possible_duplicate: row.possible_duplicate || duplicates[place],
          ...(newSeries ? { attempts_before_redrive: row.attempt_count } : {}),
        },
        reasons[place],
      );
      if (settles) clearSettled(change, row);
    }
    return [];
  };
}

/** Whether this message is another attempt's of the same reminder already. */
function isOfAnother(
  { attempts }: Tables,
  attempt: AttemptRow,
  providerId: string | null,
): boolean {
  return attempts.some(
    (one) =>
      one.reminder_id === attempt.reminder_id &&
      one.id !== attempt.id &&
      one.provider_id !== null &&
      one.provider_id === providerId,
  );
}

/** As `clearSettledParcels`. */
function clearSettled(change: Change, row: ReminderRow): void {
  if (!settledStates.includes(row.state)) return;
  for (const link of change.tables.links) {
    if (link.reminder_id !== row.id || link.parcel_day === null) continue;
    change.set(link, { parcel: null, parcel_day: null });
  }
}

function lateOf({ tables, nowMs }: Change, state: ReminderState): ReminderRow[] {
  return tables.reminders.filter(
    (row) => row.state === state && row.lease_until !== null && row.lease_until <= nowMs,
  );
}

/** In the order of their reminders' ids. */
function attemptsWith(tables: Tables, isWanted: (attempt: AttemptRow) => boolean) {
  return tables.attempts
    .filter(isWanted)
    .flatMap((attempt) => {
      const reminder = reminderBy(tables, attempt.reminder_id);
      return reminder ? [{ attempt, reminder }] : [];
    })
    .sort((one, other) => byId(one.reminder, other.reminder));
}

function lockedAttempts(tables: Tables, isWanted: (attempt: AttemptRow) => boolean) {
  return attemptsWith(tables, isWanted).map(({ attempt, reminder }) => ({
    attempt_id: attempt.id,
    token: attempt.token,
    channel: attempt.channel,
    number: attempt.number,
    reminder_id: reminder.id,
    state: reminder.state,
    pending_end: reminder.pending_end,
    possibly_sent: reminder.possibly_sent,
    possible_duplicate: reminder.possible_duplicate,
    attempt_count: reminder.attempt_count,
  }));
}
