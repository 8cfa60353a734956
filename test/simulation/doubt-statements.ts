import { byId, reminderBy, remindersOf, type Statements } from './statement.ts';

/** What `src/store/{uncertain,redrives}.ts` say: who looks for a send in doubt, and who sends again. */
export const doubtStatements: Statements = {
  'take doubts': (change, [channel, mode, firstLookMs, leaseMs, countMax]) => {
    const { tables, nowMs } = change;
    const due = tables.reminders
      .filter((row) => row.state === 'uncertain' && row.channel === channel && row.mode === mode)
      .filter((row) => (row.settle_at ?? 0) <= nowMs)
      .filter((row) => row.settle_count > 0 || (row.doubted_at ?? 0) <= nowMs - firstLookMs)
      .sort(
        (one, other) =>
          (one.settle_at ?? 0) - (other.settle_at ?? 0) ||
          Number(change.preferred?.includes(other.id) ?? false) -
            Number(change.preferred?.includes(one.id) ?? false),
      )
      .slice(0, countMax);
    return due.map((row) => {
      change.set(row, { settle_count: row.settle_count + 1, settle_at: nowMs + leaseMs });
      return {
        id: row.id,
        organisation_id: row.organisation_id,
        appointment_id: row.appointment_id,
        look: row.settle_count,
        age_ms: nowMs - (row.doubted_at ?? 0),
        is_restored: row.reason_code === 'restored',
        send_at_ms: row.send_at,
      };
    });
  },

  'read doubtful attempts': ({ tables }, [reminderIds]) =>
    tables.attempts
      .filter((attempt) => reminderIds.includes(attempt.reminder_id))
      .filter(({ outcome }) => (outcome ?? 'uncertain') === 'uncertain')
      .sort((one, other) => one.number - other.number)
      .map((attempt) => {
        const link = tables.links.find(({ id }) => id === attempt.link_id);
        return {
          reminder_id: attempt.reminder_id,
          id: attempt.id,
          token: attempt.token,
          transport: attempt.transport,
          started_at_ms: attempt.started_at,
          lookup: link?.lookup ?? null,
          parcel: link?.parcel ?? null,
          day: link?.parcel_day ?? null,
        };
      }),

  'read links of doubts': ({ tables }, [reminderIds, channel]) =>
    tables.links
      .filter((link) => reminderIds.includes(link.reminder_id) && link.channel === channel)
      .filter(({ parcel }) => parcel !== null)
      .sort((one, other) => Number(one.current) - Number(other.current) || byId(one, other))
      .map((link) => ({ ...link, day: link.parcel_day })),

  'insert lost attempts': (change, [id, look, ids, tokens, startedAt, transport, linkId]) => {
    const row = reminderBy(change.tables, id);
    if (row?.state !== 'uncertain' || row.settle_count !== look) return [];
    for (const [place, attemptId] of ids.entries()) {
      change.set(row, { attempt_count: row.attempt_count + 1 });
      change.insert(change.tables.attempts, {
        ...{ id: attemptId, reminder_id: id, link_id: linkId, number: row.attempt_count },
        ...{ channel: row.channel, transport, token: tokens[place] },
        ...{ started_at: startedAt[place], ended_at: change.nowMs },
        ...{ outcome: 'uncertain', reason_code: 'restored', possible_duplicate: false },
        ...{ provider_id: null, receipt_state: null, receipt_code: null, proven_copy_at: null },
      });
    }
    return ids.map(() => ({}));
  },

  'find own provider ids': ({ tables }, [reminderId, providerIds]) =>
    tables.attempts
      .filter((attempt) => attempt.reminder_id === reminderId)
      .filter(({ provider_id: id }) => id !== null && providerIds.includes(id))
      .map(({ provider_id, id }) => ({ provider_id, id })),

  'find provider ids': ({ tables }, [providerIds]) =>
    tables.attempts
      .filter(({ provider_id: id }) => id !== null && providerIds.includes(id))
      .map(({ provider_id, id }) => ({ provider_id, id })),

  'lock doubt': ({ tables, nowMs }, [id, look]) => {
    const row = reminderBy(tables, id);
    if (row?.state !== 'uncertain' || row.settle_count !== look) return [];
    return [
      {
        organisation_id: row.organisation_id,
        pending_end: row.pending_end,
        attempt_count: row.attempt_count,
        until_not_after_ms: row.not_after - nowMs,
        until_send_at_ms: row.send_at - nowMs,
      },
    ];
  },

  'read around doubt': ({ tables }, [reminderId, organisationId, attemptCount]) => [
    {
      policy: tables.organisations.find(({ id }) => id === organisationId)?.uncertain_policy,
      is_second: tables.attempts.some(
        (attempt) =>
          attempt.reminder_id === reminderId &&
          attempt.number < attemptCount &&
          (attempt.outcome ?? 'uncertain') === 'uncertain',
      ),
    },
  ],

  'postpone look': (change, [id, inMs]) => {
    const row = reminderBy(change.tables, id);
    if (row) change.set(row, { settle_at: change.nowMs + inMs });
    return [];
  },

  'take late doubts': (change) => {
    const { tables, nowMs } = change;
    const late = tables.reminders.filter((row) => {
      if (row.state !== 'uncertain' || row.doubt_alarmed_at !== null) return false;
      const begun = row.doubted_at ?? 0;
      return begun + (row.not_after - begun) / 2 <= nowMs;
    });
    return late.map((row) => {
      change.set(row, { doubt_alarmed_at: nowMs });
      return { id: row.id };
    });
  },

  'select list_organisation_ids() as id': ({ tables }) =>
    tables.organisations.map(({ id }) => ({ id })),

  'select id from reminders where id = $1 for no key update': ({ tables }, [id]) =>
    reminderBy(tables, id) ? [{ id }] : [],

  'select r.id, r.appointment_id, r.organisation_id, r.state, r.channel,': (
    { tables, nowMs },
    [ids],
  ) =>
    remindersOf(tables, ids).map((row) => ({
      id: row.id,
      appointment_id: row.appointment_id,
      organisation_id: row.organisation_id,
      state: row.state,
      channel: row.channel,
      until_not_after_ms: row.not_after - nowMs,
      sealed_channels: tables.links
        .filter((link) => link.reminder_id === row.id && link.current)
        .filter((link) => link.revoked_at === null && link.parcel_day !== null)
        .map(({ channel }) => channel)
        .sort(),
      may_have_arrived:
        row.possibly_sent ||
        tables.attempts.some(
          (attempt) => attempt.reminder_id === row.id && attempt.outcome !== 'refused',
        ),
    })),

  'insert into audit': () => [],
  'select pg_try_advisory_xact_lock': () => [{ taken: true }],

  'insert into pauses': (change, [id, organisationId, channel]) => {
    const { tables } = change;
    const isThere = tables.pauses.some(
      (pause) =>
        pause.ended_at === null &&
        pause.organisation_id === organisationId &&
        pause.channel === channel,
    );
    if (isThere) return [];
    change.insert(tables.pauses, { id, organisation_id: organisationId, channel, ended_at: null });
    return [{}];
  },

  'update pauses set ended_at': (change, [organisationId, channel]) => {
    const ended = change.tables.pauses.filter(
      (pause) =>
        pause.ended_at === null &&
        pause.organisation_id === organisationId &&
        pause.channel === channel,
    );
    for (const pause of ended) change.set(pause, { ended_at: change.nowMs });
    return ended.map(() => ({}));
  },
};
