import pg from 'pg';
import { byId, type Statements } from './statement.ts';
import { type Change, type LifeRow, type ReminderRow, type Tables, tell } from './tables.ts';

/** What `src/store/{lives,restores}.ts` say: whether a database is what it was, and what is done when it is not. */
export const restoreStatements: Statements = {
  'select l.number, l.beat::float8': ({ tables, nowMs }) => {
    const { marked_at, restored_to, begun_at, ...life } = lifeOf(tables);
    const [server] = tables.servers;
    return [
      {
        ...{ ...life, is_ready: life.ready_at !== null, now_ms: nowMs },
        ...{ marked_at_ms: marked_at, restored_to_ms: restored_to, begun_at_ms: begun_at },
        ...{ server_identity: server?.identity, server_timeline: server?.timeline },
        server_run: server?.run,
      },
    ];
  },

  'set local lock_timeout': () => [],
  'select begin_life(': (change, [number, point, identity, timeline]) => {
    const last = lifeOf(change.tables);
    if (last.number >= number) return [];
    change.insert(change.tables.lives, {
      ...{ ...last, number, identity, timeline, run: '', beat: 0 },
      ...{ ready_at: null, restored_to: Date.parse(point), begun_at: change.nowMs },
    });
    return [];
  },
  'select end_ops_sessions()': () => [],
  'insert into pauses (id, reason)': (change, [id]) => {
    const { tables } = change;
    const isAll = (pause: Tables['pauses'][number]) =>
      pause.ended_at === null && pause.organisation_id === null && pause.channel === null;
    if (tables.pauses.some(isAll)) return [];
    change.insert(tables.pauses, { id, organisation_id: null, channel: null, ended_at: null });
    return [];
  },

  'select last_id, doubted from doubt_restored': (change, [point, , until, after]) => {
    onlyWhileRestoring(change.tables);
    const walked = change.tables.reminders.filter(({ id }) => id > after).sort(byId);
    const due = walked.filter((row) =>
      mayHaveGoneOut(row, { point: Date.parse(point), until: Date.parse(until) }),
    );
    for (const row of due) doubt(change, row);
    return [{ last_id: walked.at(-1)?.id ?? null, doubted: due.length }];
  },

  'select replay_journal(': (change, [text]) => {
    onlyWhileRestoring(change.tables);
    const entries: { kind: string; appointmentId?: string; linkId?: string }[] = JSON.parse(text);
    let unknown = 0;
    for (const { kind, appointmentId } of entries) {
      if (kind === 'erasure' && !erase(change, appointmentId)) unknown += 1;
    }
    for (const { kind, linkId } of entries) {
      const link = change.tables.links.find(({ id }) => id === linkId);
      if (kind !== 'link_revocation' || !link) continue;
      change.set(link, { revoked_at: link.revoked_at ?? change.nowMs });
    }
    return [{ unknown }];
  },
  'delete from passkeys': () => [],
  'select replay_revoked_keys(': () => [],
  // Nobody revokes link keys here, so that it ends none.
  'select end_revoked_links(': ({ tables: { links } }, [after]) => {
    const walked = links.map(({ id }) => id).filter((id) => id > after);
    return [{ last: walked.sort().at(-1) ?? null }];
  },

  'select accepted, counted_until': () => [],
  'select organisation_id as id, count(*)': () => [],
  'select count(*)::int as count from reminders': ({ tables: { reminders } }) => {
    const open = reminders.filter(({ state, reason_code: reason }) => {
      return state === 'uncertain' && reason === 'restored';
    });
    return [{ count: open.length }];
  },
  'update database_lives set run': (change, [number, run, identity, timeline]) => {
    const life = change.tables.lives.find((row) => row.number === number);
    if (!life || change.tables.servers[0]?.run !== run) return [];
    const readyAt = life.ready_at ?? change.nowMs;
    change.set(life, { run, identity, timeline, ready_at: readyAt });
    return [];
  },
};

export function lifeOf({ lives }: Tables): LifeRow {
  const life = lives.at(-1);
  if (!life) throw new Error('a database without a life');
  return life;
}

/** As the function of the same name: this run of the server was compared with the mark. */
export function maySend(tables: Tables): boolean {
  const { run } = lifeOf(tables);
  return run === null || run === tables.servers[0]?.run;
}

/** What the trigger `refuse_before_compared` answers. */
export function heldBack(): Error {
  const error = new pg.DatabaseError('held back', 0, 'error');
  error.code = 'ST001';
  return error;
}

function onlyWhileRestoring(tables: Tables): void {
  if (maySend(tables)) throw new Error('nothing is being restored');
}

function mayHaveGoneOut(row: ReminderRow, { point, until }: { point: number; until: number }) {
  if (row.state === 'failed') return !row.possibly_sent && row.not_after > point;
  const isOpen =
    ['scheduled', 'queued', 'sending'].includes(row.state) ||
    (row.state === 'uncertain' && row.reason_code !== 'restored');
  return isOpen && row.send_at <= until;
}

function doubt(change: Change, row: ReminderRow): void {
  const { tables, nowMs } = change;
  for (const attempt of tables.attempts) {
    if (attempt.reminder_id !== row.id || attempt.outcome !== null) continue;
    change.set(attempt, { outcome: 'uncertain', reason_code: 'restored', ended_at: nowMs });
  }
  const { state: from, settle_count: looks } = row;
  const none = { batch_id: null, lease_until: null, doubt_alarmed_at: null };
  if (from === 'failed') {
    change.set(row, { ...none, possibly_sent: true, settle_count: looks + 1 });
    tell(change, row, from, 'restored');
    return;
  }
  change.set(row, {
    ...{
      ...none,
      state: 'uncertain',
      reason_code: 'restored',
      doubted_at: nowMs,
      settle_at: nowMs,
    },
    settle_count: from === 'uncertain' ? looks + 1 : 0,
  });
  for (const link of tables.links) {
    const isOfRow = link.reminder_id === row.id && link.channel === row.channel;
    if (!isOfRow || link.attempted_at !== null || link.revoked_at !== null) continue;
    change.set(link, { attempted_at: row.send_at });
  }
  if (from !== 'uncertain') tell(change, row, from, 'restored');
}

/** @returns whether there is such an appointment */
function erase(change: Change, appointmentId: string | undefined): boolean {
  const { tables, nowMs } = change;
  const appointment = tables.appointments.find(({ id }) => id === appointmentId);
  if (!appointment) return false;
  for (const row of tables.reminders.filter((one) => one.appointment_id === appointmentId)) {
    const from = row.state;
    if (!['scheduled', 'queued', 'sending', 'uncertain', 'failed'].includes(from)) continue;
    const possiblySent = row.possibly_sent || from === 'sending' || from === 'uncertain';
    const erased = { state: 'erased', batch_id: null, lease_until: null } as const;
    change.set(row, { ...erased, possibly_sent: possiblySent });
    tell(change, row, from, 'restored');
  }
  change.remove(tables.links, (link) => link.appointment_id === appointmentId);
  const deletedAt = appointment.deleted_at ?? nowMs;
  change.set(appointment, { state: 'erased', deleted_at: deletedAt });
  return true;
}
