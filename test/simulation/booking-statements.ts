import type { ArrayParameter } from '../../src/store/array-parameter.ts';
import { heldBack, maySend } from './restore-statements.ts';
import { byId, type ResultRow, reminderBy, type Statement, type Statements } from './statement.ts';
import type { AppointmentRow, Change, Tables } from './tables.ts';

/** What `src/store/appointment-*.ts` say: what a booking system changes. */
export const bookingStatements: Statements = {
  'insert missing appointments': (change, values) => {
    const [ids, organisations, modes, references, states, revisions, starts, ends] = values;
    const { tables } = change;
    return ids.flatMap((id: string, place: number): ResultRow[] => {
      const key = { organisation_id: organisations[place], mode: modes[place] };
      const same = named(tables, { ...key, reference: references[place] });
      const revision = revisions[place];
      const isUsedUp = same.some(
        (row) =>
          row.deleted_at !== null && row.revision !== null && row.revision >= (revision ?? -1),
      );
      if (isUsedUp || same.some((row) => row.deleted_at === null)) return [];
      change.insert(tables.appointments, {
        ...{ id, ...key, reference: references[place], state: states[place], version: 1, revision },
        ...{ starts_at: starts[place].epochMilliseconds, ends_at: ends[place].epochMilliseconds },
        ...{ moved: false, paused_at: null, deleted_at: null },
      });
      return [{ id }];
    });
  },

  'lock appointments': ({ tables }, [organisations, modes, references]) =>
    references.flatMap((reference: string, place: number) =>
      named(tables, { organisation_id: organisations[place], mode: modes[place], reference })
        .filter((row) => row.deleted_at === null)
        .map(shown),
    ),

  'select a.id, a.organisation_id, a.mode, a.reference, a.state, a.version, a.revision, a.moved, a.starts_at, a.ends_at from appointments a where a.organisation_id = $1':
    ({ tables }, [organisation_id, mode, reference]) =>
      named(tables, { organisation_id, mode, reference })
        .filter((row) => row.deleted_at !== null)
        .sort((one, other) => (other.deleted_at ?? 0) - (one.deleted_at ?? 0) || byId(other, one))
        .map(shown),

  'read tombstones': ({ tables }, [organisations, modes, references]) =>
    references.flatMap((reference: string, place: number) => {
      const key = { organisation_id: organisations[place], mode: modes[place], reference };
      const used = named(tables, key).filter((row) => row.deleted_at !== null);
      const revisions = used.flatMap(({ revision }) => (revision === null ? [] : [revision]));
      return revisions.length > 0 ? [{ ...key, revision: Math.max(...revisions) }] : [];
    }),

  'lock reminders': ({ tables }, [appointmentIds]) =>
    tables.reminders
      .filter((row) => appointmentIds.includes(row.appointment_id))
      .sort(byId)
      .map((row) => ({
        ...row,
        resolved_at: new Date(row.resolved_at),
        send_at: new Date(row.send_at),
        due_at: new Date(row.due_at),
        not_after: new Date(row.not_after),
        sent_at: row.sent_at === null ? null : new Date(row.sent_at),
      })),

  'read links of appointments': ({ tables }, [appointmentIds]) =>
    tables.links
      .filter((link) => appointmentIds.includes(link.appointment_id))
      .map((link) => ({
        id: link.id,
        reminder_id: link.reminder_id,
        channel: link.channel,
        current: link.current,
        attempted: link.attempted_at !== null,
        revoked: link.revoked_at !== null,
        expires_at: new Date(link.expires_at),
        seal_public_key: link.seal_public_key,
      })),

  // Their events come with the next insert, so nothing is told here.
  'end reminders': (change, [ids, states, possibly]) => {
    for (const [place, id] of ids.entries()) {
      const row = reminderBy(change.tables, id);
      if (!row) continue;
      const ended = { state: states[place], batch_id: null, lease_until: null };
      change.set(row, { ...ended, possibly_sent: row.possibly_sent || possibly[place] });
    }
    return [];
  },

  'mark reminders': (change, [ids, ends]) => {
    for (const [place, id] of ids.entries()) {
      const row = reminderBy(change.tables, id);
      if (row) change.set(row, { pending_end: ends[place] });
    }
    return [];
  },

  'retime notices': (change, [ids, sendAts, notAfters]) => {
    for (const [place, id] of ids.entries()) {
      const row = reminderBy(change.tables, id);
      if (!row) continue;
      const [sendAt, notAfter] = [Date.parse(sendAts[place]), Date.parse(notAfters[place])];
      const due = row.send_at === sendAt ? row.due_at : sendAt;
      change.set(row, { send_at: sendAt, not_after: notAfter, due_at: due });
    }
    return [];
  },

  'drop links': (change, [ids]) => {
    change.remove(change.tables.links, ({ id }) => ids.includes(id));
    return [];
  },

  'retire links': (change, [retired, revoked]) => {
    for (const link of change.tables.links) {
      if (retired.includes(link.id)) change.set(link, { current: false });
      if (revoked.includes(link.id)) change.set(link, { revoked_at: change.nowMs });
    }
    return [];
  },

  'move link expiry': (change, [ids, expiries]) => {
    const shown = change.tables.links.filter(({ id }) => ids.includes(id));
    for (const link of shown) {
      change.set(link, { expires_at: Date.parse(expiries[ids.indexOf(link.id)]) });
    }
    return shown.map(() => ({}));
  },

  'delete from factor_failures': () => [],
  'delete from source_failures': () => [],

  'update appointments': (change, [ids, states, versions, revisions, moved, starts, ends]) => {
    for (const [place, id] of ids.entries()) {
      const row = change.tables.appointments.find((one) => one.id === id);
      if (!row) continue;
      change.set(row, {
        ...{ state: states[place], version: versions[place], revision: revisions[place] },
        ...{ moved: moved[place], paused_at: null },
        ...{ starts_at: Date.parse(starts[place]), ends_at: Date.parse(ends[place]) },
      });
    }
    return [];
  },

  "update appointments set state = 'cancelled', deleted_at": entomb,
  "update appointments set state = 'erased', deleted_at": (change, [id]) => {
    const row = change.tables.appointments.find((one) => one.id === id);
    const deletedAt = row?.deleted_at ?? change.nowMs;
    if (row) change.set(row, { state: 'erased', deleted_at: deletedAt });
    return [];
  },
  'delete from versions': () => [],
  'delete from links where appointment_id': (change, [appointmentId]) => {
    change.remove(change.tables.links, (link) => link.appointment_id === appointmentId);
    return [];
  },
  'update attempts set copy_owed_at': () => [],
};

function entomb(...[change, [id]]: Parameters<Statement>): ResultRow[] {
  const row = change.tables.appointments.find((one) => one.id === id);
  if (row) change.set(row, { state: 'cancelled', deleted_at: change.nowMs });
  return [];
}

function named(
  { appointments }: Tables,
  key: Pick<AppointmentRow, 'organisation_id' | 'mode' | 'reference'>,
): AppointmentRow[] {
  return appointments.filter(
    (row) =>
      row.organisation_id === key.organisation_id &&
      row.mode === key.mode &&
      row.reference === key.reference,
  );
}

function shown(row: AppointmentRow): ResultRow {
  return { ...row, starts_at: new Date(row.starts_at), ends_at: new Date(row.ends_at) };
}

const inserted = /insert into (\w+) \(([^)]*)\) select/g;
const columnsOf = new Map<string, readonly { table: string; names: readonly string[] }[]>();

/** What `insertRows` writes: rows of several tables, one array a column. */
export function insertRowsInto(change: Change, text: string, values: readonly unknown[]): void {
  let tables = columnsOf.get(text);
  if (!tables) {
    tables = Array.from(text.matchAll(inserted), ([, table = '', names = '']) => ({
      ...{ table, names: names.split(', ') },
    }));
    columnsOf.set(text, tables);
  }
  if (tables.some(({ table }) => table === 'versions') && !maySend(change.tables)) throw heldBack();
  let at = 0;
  for (const { table, names } of tables) {
    const arrays = values.slice(at, at + names.length) as ArrayParameter[];
    at += names.length;
    const insert = inserts[table];
    if (!insert) continue;
    for (let place = 0; place < (arrays[0]?.values.length ?? 0); place += 1) {
      insert(
        change,
        Object.fromEntries(names.map((name, column) => [name, arrays[column]?.values[place]])),
      );
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: rows go to the driver untyped
const inserts: Record<string, (change: Change, row: any) => void> = {
  reminders: (change, row) => {
    change.insert(change.tables.reminders, {
      ...row,
      resolved_at: row.resolved_at.epochMilliseconds,
      send_at: row.send_at.epochMilliseconds,
      due_at: row.due_at.epochMilliseconds,
      not_after: row.not_after.epochMilliseconds,
      ...{ reason_code: null, pending_end: null, possible_duplicate: false, possibly_sent: false },
      ...{ attempt_count: 0, attempts_before_redrive: 0, batch_id: null, lease_until: null },
      ...{ sent_at: null, delivered_at: null, doubted_at: null, settle_at: null },
      ...{ settle_count: 0, doubt_alarmed_at: null },
    });
  },
  links: (change, row) => {
    change.insert(change.tables.links, {
      ...{ id: row.id, appointment_id: row.appointment_id, reminder_id: row.reminder_id },
      ...{ channel: row.channel, lookup: row.lookup, seal_public_key: row.seal_public_key },
      ...{ parcel: row.parcel, parcel_day: row.parcel_day, selector: null, current: true },
      ...{ attempted_at: null, revoked_at: null, expires_at: row.expires_at.epochMilliseconds },
    });
  },
  events: (change, row) => {
    if (row.reminder_id === null) return;
    change.insert(change.tables.events, {
      ...{ reminder_id: row.reminder_id, from_state: row.from_state, to_state: row.to_state },
      ...{ reason_code: row.reason_code, possible_duplicate: false },
      possibly_sent: row.possibly_sent,
    });
  },
};
