import { limits } from '../../config/limits.ts';
import { byId, reminderBy, remindersOf, type Statements } from './statement.ts';
import type { Change, QuestionRow, ReminderRow, Tables } from './tables.ts';

/** What `src/store/{send-questions,unanswered}.ts` say: what booking systems are asked, and answer. */
export const checkStatements: Statements = {
  'read open questions': ({ tables, nowMs }, [organisationId, mode, channel, countMax]) => {
    const waiting = tables.questions.filter(
      (question) =>
        question.organisation_id === organisationId &&
        (question.proceed_until ?? 0) > nowMs &&
        isOf(reminderBy(tables, question.reminder_id), { state: 'scheduled', channel }),
    );
    return tables.reminders
      .filter((row) => isAskedAbout(tables, row, { organisationId, mode, channel, nowMs }))
      .filter((row) => {
        const question = questionOf(tables, row.id);
        return !question || (question.ask_at <= nowMs && (question.proceed_until ?? 0) <= nowMs);
      })
      .sort((one, other) => one.due_at - other.due_at || byId(one, other))
      .slice(0, Math.max(0, countMax - waiting.length))
      .map((row) => {
        const appointment = tables.appointments.find(({ id }) => id === row.appointment_id);
        return {
          ...{ reminderId: row.id, reference: appointment?.reference },
          ...{ version: appointment?.version, channel, sendAt: new Date(row.send_at) },
        };
      });
  },

  // What operators are shown of it says nothing of reminders.
  'count answers': () => [],

  'lock asked reminders': ({ tables }, [ids]) =>
    remindersOf(tables, ids)
      .filter(({ state }) => state === 'scheduled')
      .map(({ id }) => ({ id })),

  'read asked versions': ({ tables }, [ids]) =>
    remindersOf(tables, ids).map(({ id, appointment_id: of }) => ({
      id,
      version: tables.appointments.find((appointment) => appointment.id === of)?.version,
    })),

  'write questions': (change, values) => {
    const [organisationId, , ids, decisions, freshMs, firstMs, codes, ages, longestMs] = values;
    const { tables, nowMs } = change;
    for (const [place, id] of ids.entries()) {
      const [decision, code] = [decisions[place], codes[place]];
      const old = questionOf(tables, id);
      const question = old ?? ask(change, { id, organisationId });
      const failed = code === null ? 0 : question.failed_count + 1;
      const waitMs = Math.min(firstMs * 2 ** Math.min(question.failed_count, 20), longestMs);
      change.set(question, {
        decision: decision ?? question.decision,
        proceed_until: decision === 'proceed' ? nowMs + freshMs - ages[place] : null,
        unanswered_since: code === null ? null : (question.unanswered_since ?? nowMs),
        failed_count: failed,
        ask_at: nowMs + (code === null ? 0 : old ? waitMs : firstMs),
      });
    }
    return [];
  },

  'mark unanswered': (change, [organisationId, mode, channel]) => {
    const { tables, nowMs } = change;
    for (const row of tables.reminders) {
      if (!isAskedAbout(tables, row, { organisationId, mode, channel, nowMs })) continue;
      if (row.due_at > nowMs) continue;
      const old = questionOf(tables, row.id);
      if (old && (old.unanswered_since !== null || (old.proceed_until ?? 0) > nowMs)) continue;
      const question = old ?? ask(change, { id: row.id, organisationId });
      change.set(question, { unanswered_since: nowMs, failed_count: 0, ask_at: nowMs });
    }
    return [];
  },

  'lock unanswered': ({ tables, nowMs }, [organisationId, mode, channel, graceMs, isFailing]) =>
    tables.reminders
      .filter((row) => isAskedAbout(tables, row, { organisationId, mode, channel, nowMs }))
      .filter((row) => {
        const question = questionOf(tables, row.id);
        const since = question?.unanswered_since ?? null;
        if (!question || since === null) return false;
        if (!isFailing && (question.failed_count === 0 || question.ask_at <= nowMs)) return false;
        return since <= nowMs - Math.min(graceMs, (row.not_after - since) / 2);
      })
      .sort(byId)
      .map(({ id }) => ({ id })),

  'end unanswered': (change, [ids, decision, freshMs]) => {
    const { tables, nowMs } = change;
    for (const question of tables.questions.filter((one) => ids.includes(one.reminder_id))) {
      change.set(question, {
        ...{ unanswered_since: null, failed_count: 0, ask_at: nowMs, decision },
        proceed_until: decision === 'send_unanswered' ? nowMs + freshMs : null,
      });
    }
    return [];
  },
};

/** Whether nothing of this organisation is taken up that its booking system has not just answered for. */
export function isChecked({ checks }: Tables, organisationId: string): boolean {
  return checks.some(({ organisation_id: of }) => of === organisationId);
}

export function questionOf({ questions }: Tables, reminderId: string): QuestionRow | undefined {
  return questions.find((question) => question.reminder_id === reminderId);
}

function ask(change: Change, { id, organisationId }: { id: string; organisationId: string }) {
  const question: QuestionRow = {
    ...{ reminder_id: id, organisation_id: organisationId, decision: null, proceed_until: null },
    ...{ unanswered_since: null, failed_count: 0, ask_at: change.nowMs },
  };
  change.insert(change.tables.questions, question);
  return question;
}

function isOf(
  row: ReminderRow | undefined,
  { state, channel }: Pick<ReminderRow, 'state' | 'channel'>,
): boolean {
  return row?.state === state && row.channel === channel;
}

function isAskedAbout(
  tables: Tables,
  row: ReminderRow,
  input: { organisationId: string; mode: string; channel: string; nowMs: number },
): boolean {
  const { organisationId, mode, channel, nowMs } = input;
  if (row.state !== 'scheduled' || row.organisation_id !== organisationId) return false;
  if (row.mode !== mode || row.channel !== channel) return false;
  if (row.due_at > nowMs + limits.sendCheckAheadMs || row.not_after <= nowMs) return false;
  return !tables.pauses.some(
    (pause) =>
      pause.ended_at === null &&
      (pause.organisation_id === null || pause.organisation_id === organisationId) &&
      (pause.channel === null || pause.channel === channel),
  );
}
