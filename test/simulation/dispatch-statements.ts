import { isChecked, questionOf } from './check-statements.ts';
import { heldBack, maySend } from './restore-statements.ts';
import {
  byId,
  type ResultRow,
  reminderBy,
  type Statement,
  type Statements,
  untriedOther,
  type Values,
} from './statement.ts';
import { type Change, phaseOf, type ReminderRow, type Tables } from './tables.ts';

/** What `src/store/{feed,dispatch,stuck-lanes}.ts` say: who may take what, and when. */
export const dispatchStatements: Statements = {
  'read lane load': ({ tables, nowMs }, values) => {
    const [channel, windowMs, countMax, leaseMs, beat, heldUp, , mode, countedAtMs, leasesFromMs] =
      values;
    const fed = tables.batches.filter(
      (batch) =>
        batch.channel === channel &&
        batch.mode === mode &&
        batch.lease_until > nowMs + leaseMs - windowMs &&
        batch.created_at > nowMs - windowMs,
    );
    const sum = (batches: typeof fed) =>
      batches.reduce((total, { reminder_count: count }) => total + count, 0);
    const beats = (name: string) => tables.heartbeats.filter((one) => one.name === name).length;
    const outstanding = tables.reminders.filter(
      (row) =>
        countedAtMs === undefined &&
        phaseOf(row) === 'in_hand' &&
        leaseEnd(row) >= (leasesFromMs ?? -Infinity) &&
        row.channel === channel &&
        row.mode === mode,
    );
    const waiting = outstanding.filter(({ state }) => state === 'queued' && countMax > 1);
    return [
      {
        outstanding: Math.min(outstanding.length, countMax),
        waiting: waiting.length,
        waited_ms: waiting.length > 0 ? nowMs + leaseMs - Math.min(...waiting.map(leaseEnd)) : 0,
        first_lease_until_ms: Math.floor(
          outstanding.length > 0 ? Math.min(...outstanding.map(leaseEnd)) : nowMs,
        ),
        fed: sum(fed),
        fed_since: sum(fed.filter(({ created_at: at }) => at > (countedAtMs ?? Infinity))),
        read_at_ms: nowMs,
        fed_in_second: sum(fed.filter(({ created_at: at }) => at > nowMs - 950)),
        since_ms: fed.length > 0 ? nowMs - Math.max(...fed.map((one) => one.created_at)) : null,
        paused:
          !maySend(tables) ||
          tables.pauses.some(
            (pause) =>
              pause.ended_at === null &&
              pause.organisation_id === null &&
              (pause.channel === null || pause.channel === channel),
          ),
        workers: beats(beat),
        held_up: beats(heldUp),
      },
    ];
  },

  'list due organisations': (
    { tables, nowMs },
    [channel, after, countMax, mode, evenUnanswered, withinMs],
  ) => {
    const waiting = tables.reminders.filter(
      (row) => row.state === 'scheduled' && row.channel === channel && row.mode === mode,
    );
    const inTurn = tables.organisations.toSorted(
      (one, other) => Number(one.id <= after) - Number(other.id <= after) || byId(one, other),
    );
    const due = inTurn
      .filter(({ id }) => waiting.some((row) => row.organisation_id === id && row.due_at <= nowMs))
      .filter(({ id }) => !isOwnPause(tables, id, channel))
      .map(({ id }) => ({
        ...{ id, isChecked: isChecked(tables, id) },
        firstDueAtMs: Math.floor(
          Math.min(...waiting.filter((row) => row.organisation_id === id).map((row) => row.due_at)),
        ),
      }))
      .filter(
        ({ id, isChecked: asks }) =>
          evenUnanswered ||
          !asks ||
          waiting.some((row) => row.organisation_id === id && isAnswered(tables, row, nowMs)),
      )
      .slice(0, countMax);
    // Behind what is due in an organisation that is not listed, the next one is not seen.
    const soonest = Math.min(
      ...waiting
        .filter(({ organisation_id: of }) => {
          const isListed = due.some(({ id }) => id === of);
          const isHeld = waiting.some((row) => row.organisation_id === of && row.due_at <= nowMs);
          return isListed || !isHeld;
        })
        .map((row) => row.due_at)
        .filter((at) => due.length < countMax && at > nowMs && at < nowMs + withinMs),
    );
    return [
      ...due.map((one) => ({ ...one, soonestInMs: null })),
      {
        ...{ id: null, isChecked: null, firstDueAtMs: null },
        soonestInMs: Number.isFinite(soonest) ? soonest - nowMs : null,
      },
    ];
  },

  'lock due reminders': lockDue,
  'lock due reminders that are answered for': lockDue,

  'queue batches': (change, values) => {
    const [reminderIds, batchIds, channel, leaseMs, ids, counts, mode] = values;
    const { tables, nowMs } = change;
    const lease = { created_at: nowMs, lease_until: nowMs + leaseMs };
    for (const [place, id] of ids.entries()) {
      const batch = { id, channel, mode, reminder_count: counts[place], ...lease };
      change.insert(tables.batches, batch);
    }
    for (const [place, id] of reminderIds.entries()) {
      const row = reminderBy(tables, id);
      if (!row) continue;
      const queued = { state: 'queued', batch_id: batchIds[place], reason_code: null } as const;
      change.step(row, { ...queued, lease_until: lease.lease_until }, null);
    }
    return [];
  },

  'load queued batch': ({ tables, nowMs }, [batchId]) =>
    tables.reminders
      .filter((row) => row.batch_id === batchId && row.state === 'queued')
      .filter((row) => (row.lease_until ?? 0) > nowMs)
      .sort((one, other) => one.not_after - other.not_after || byId(one, other))
      .map((row) => ({
        id: row.id,
        organisation_id: row.organisation_id,
        mode: row.mode,
        appointment_id: row.appointment_id,
        channel: row.channel,
        until_not_after_ms: row.not_after - nowMs,
        lease_left_ms: (row.lease_until ?? 0) - nowMs,
        ...linkOf(tables, row),
      })),

  'write intents': intents({ asksWhose: true, asksForEnds: true, asksWhetherCompared: true }),

  'find revoked selectors': () => [],

  'read sendable': ({ tables, nowMs }, [batchId, reminderIds, linkIds, lookups, selectors]) =>
    (reminderIds as string[]).flatMap((id, place) => {
      const row = reminderBy(tables, id);
      const link = tables.links.find((one) => one.id === linkIds[place]);
      const opened = { id, lookup: lookups[place], selector: selectors[place] };
      const isInHand =
        row?.batch_id === batchId &&
        (row?.lease_until ?? 0) > nowMs &&
        row?.pending_end === null &&
        row.state === 'queued';
      const isFree = maySend(tables) && isInHand && !isPaused(tables, row);
      return isFree && isOpened(link, opened) ? [{ id }] : [];
    }),

  'lock intended reminders': ({ tables }, [ids]) =>
    tables.reminders.filter(({ id }) => ids.includes(id)).map(() => ({})),
  'lock queued reminders': ({ tables, nowMs }, [ids, batchId]) =>
    tables.reminders
      .filter((row) => ids.includes(row.id) && row.batch_id === batchId && row.state === 'queued')
      .sort(byId)
      .map((row) => ({
        ...{ id: row.id, pending_end: row.pending_end },
        until_not_after_ms: row.not_after - nowMs,
      })),

  'change channel of stuck': (change, [channel, mode, organisationIds, patienceMs]) => {
    const { tables, nowMs } = change;
    const stuck = tables.reminders
      .filter((row) => row.state === 'scheduled' && row.channel === channel && row.mode === mode)
      .filter(
        (row) =>
          (row.due_at <= nowMs && organisationIds.includes(row.organisation_id)) ||
          (row.due_at > row.send_at && !isOwnPause(tables, row.organisation_id, channel)),
      )
      .filter((row) => row.not_after > nowMs + 60_000)
      .filter(
        (row) => row.send_at <= nowMs - Math.min((row.not_after - row.send_at) / 2, patienceMs),
      );
    let count = 0;
    for (const row of stuck) {
      const other = untriedOther(tables, row);
      if (!other) continue;
      const gone = { channel: other.channel, due_at: nowMs, reason_code: 'provider_down' };
      change.step(row, gone, 'provider_down');
      count += 1;
    }
    return [{ count }];
  },
};

function linkOf(tables: Tables, row: ReminderRow) {
  const link = tables.links.find(
    (one) =>
      one.reminder_id === row.id &&
      one.channel === row.channel &&
      one.current &&
      one.revoked_at === null,
  );
  return {
    link_id: link?.id ?? null,
    lookup: link?.lookup ?? null,
    parcel: link?.parcel ?? null,
    parcel_day: link?.parcel_day ?? null,
    selector: link?.selector ?? null,
    other_channel: link?.parcel ? null : (untriedOther(tables, row)?.channel ?? null),
  };
}

/** Whether somebody has paused just this organisation. */
function isOwnPause(tables: Tables, organisationId: string, channel: Values[number]): boolean {
  return tables.pauses.some(
    (pause) =>
      pause.ended_at === null &&
      pause.organisation_id === organisationId &&
      (pause.channel === null || pause.channel === channel),
  );
}

function isPaused(tables: Tables, row: ReminderRow): boolean {
  const appointment = tables.appointments.find(({ id }) => id === row.appointment_id);
  if (!appointment || appointment.paused_at !== null || appointment.state === 'erased') return true;
  return tables.pauses.some(
    (pause) =>
      pause.ended_at === null &&
      (pause.organisation_id === null || pause.organisation_id === row.organisation_id) &&
      (pause.channel === null || pause.channel === row.channel),
  );
}

function lockDue({ tables, nowMs }: Change, values: Values): ResultRow[] {
  const [channel, organisationIds, countMax, lookAt, mode, firstDueAtsMs, checks] = values;
  const isHeld = ({ appointment_id: of }: ReminderRow) =>
    tables.appointments.some(({ id, paused_at: at }) => id === of && at !== null);
  const turns = (organisationIds as string[]).flatMap((organisationId, place) =>
    isOwnPause(tables, organisationId, channel) ||
    (isChecked(tables, organisationId) && !checks?.[place])
      ? []
      : tables.reminders
          .filter((row) => row.state === 'scheduled' && row.organisation_id === organisationId)
          .filter((row) => row.channel === channel && row.mode === mode)
          .filter((row) => row.due_at <= nowMs && row.not_after > nowMs && !isHeld(row))
          .filter((row) =>
            checks?.[place] ? isAnswered(tables, row, nowMs) : row.due_at >= firstDueAtsMs[place],
          )
          .sort((one, other) => inHurry(other) - inHurry(one) || one.due_at - other.due_at)
          .slice(0, lookAt)
          .sort(
            (one, other) =>
              inHurry(other) - inHurry(one) || one.not_after - other.not_after || byId(one, other),
          )
          .map((row, turn) => ({ id: row.id, turn, place })),
  );
  return turns
    .sort((one, other) => one.turn - other.turn || one.place - other.place)
    .slice(0, countMax)
    .map(({ id }, place) => ({ id, place: place + 1 }));
}

function leaseEnd({ lease_until: at }: ReminderRow): number {
  return at ?? 0;
}

function inHurry({ kind, not_after: until, due_at: since }: ReminderRow): number {
  return Number(kind === 'notice' || until - since < 6 * 3_600_000);
}

function isAnswered(tables: Tables, { id }: ReminderRow, nowMs: number): boolean {
  return (questionOf(tables, id)?.proceed_until ?? 0) > nowMs;
}

/** Writes attempts of all of the given reminders, or of none. */
export function intents(asks: {
  asksWhose: boolean;
  asksForEnds: boolean;
  asksWhetherCompared: boolean;
}): Statement {
  return (change, values) => {
    const [batchId, transport, reminderIds, linkIds, lookups, selectors, ids, tokens] = values;
    const { tables, nowMs } = change;
    if (asks.asksWhetherCompared && !maySend(tables)) throw heldBack();
    for (const [place, id] of reminderIds.entries()) {
      const row = reminderBy(tables, id);
      const isMine = row?.batch_id === batchId && (row?.lease_until ?? 0) > nowMs;
      const isWanted = row?.pending_end === null && row.state === 'queued';
      const isInHand = (isMine || !asks.asksWhose) && (isWanted || !asks.asksForEnds);
      if (!row || !isInHand || isPaused(tables, row)) throw heldBack();
      const link = tables.links.find((one) => one.id === linkIds[place]);
      const opened = { id, lookup: lookups[place], selector: selectors[place] };
      if (!link || !isOpened(link, opened)) throw heldBack();
      change.set(link, { selector: selectors[place], attempted_at: link.attempted_at ?? nowMs });
      change.step(row, { state: 'sending', attempt_count: row.attempt_count + 1 }, null);
      change.insert(tables.attempts, {
        id: ids[place],
        reminder_id: id,
        link_id: link.id,
        number: row.attempt_count,
        channel: row.channel,
        transport,
        token: tokens[place],
        possible_duplicate: row.possible_duplicate,
        ...{ started_at: nowMs, ended_at: null, outcome: null, reason_code: null },
        ...{ provider_id: null, receipt_state: null, receipt_code: null, proven_copy_at: null },
      });
    }
    return [{ write_intents: '' }];
  };
}

/** It is still the link of that reminder that was opened for it. */
function isOpened(
  link: Tables['links'][number] | undefined,
  { id, lookup, selector }: { id: string; lookup: Buffer; selector: string },
): boolean {
  return (
    link?.reminder_id === id &&
    link.lookup.equals(lookup) &&
    link.current &&
    link.revoked_at === null &&
    (link.selector === null || link.selector === selector)
  );
}
