import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyMissingSign, refusalReasons, refusingSign } from '../../src/domain/duty-silence.ts';
import { writeHeartbeat } from '../../src/store/heartbeats.ts';
import { type DatabaseRole, databaseRoles } from '../../src/store/role-logins.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { templateDatabase } from '../support/global-setup.ts';

/** Roles that see the organisations set for their transaction; the others see all of them. */
const boundRoles = ['api', 'patient', 'ops'] as const;

/** What belongs to no organisation, and which of the bound roles may read it. */
const commonTables: Record<string, readonly DatabaseRole[]> = {
  batches: ['ops'],
  sealed_callbacks: [],
  suppressions: [],
  phone_day_counts: ['patient'],
  ops_users: ['ops'],
  ops_sessions: ['ops'],
  ops_requests: ['ops'],
  // scheduler, which sees every organisation, checks it.
  audit: ['ops'],
  audit_chain: [],
  heartbeats: ['api', 'ops'],
  measuring: ['ops'],
  minute_transitions: ['ops'],
  minute_hand_overs: ['ops'],
  minute_lateness: ['ops'],
  minute_opt_outs: ['ops'],
  total_transitions: ['ops'],
  total_hand_overs: ['ops'],
  total_lateness: ['ops'],
  total_opt_outs: ['ops'],
  ledger_proofs: ['ops'],
  database_lives: ['api', 'patient', 'ops'],
  canary_runs: ['ops'],
  canary_messages: [],
  field_fills: ['api'],
  // Those that name an organisation of its own, for api; see the test of that.
  incidents: ['api', 'ops'],
  incident_entries: ['api', 'ops'],
  incident_progress: ['ops'],
  incident_alerts: ['ops'],
  event_months: ['api', 'ops'],
  kept_floors: [],
  sender_paces: ['patient'],
  revoked_selectors: ['ops', 'patient', 'worker'],
  revoked_days: [],
};

/** Names both organisations; `foreignIncident` names one. */
const sharedIncident = randomUUID();
const foreignIncident = randomUUID();

/**
 * Every column that may hold something sealed, secret or found by a secret, and who may read it.
 * A new column of bytes fails the tests until it stands here.
 */
const readersOfBytes: Record<string, readonly DatabaseRole[]> = {
  'credentials.key_hash': ['api'],
  'credential_tokens.token_hash': ['api', 'scheduler'],
  'versions.content': ['api', 'patient'],
  'content_keys.sealed_key': ['api', 'patient'],
  'links.lookup': ['api', 'patient', 'worker'],
  'links.seal_public_key': ['api'],
  'links.note': ['api', 'patient'],
  'links.parcel': ['api', 'worker'],
  'appointments.erasure_receipt': ['api', 'ops', 'patient'],
  'attempts.token': ['worker'],
  'sealed_callbacks.attempt_token': ['worker'],
  'sealed_callbacks.sealed': ['worker'],
  'suppressions.contact_index': ['worker'],
  'source_failures.source': ['api', 'patient', 'scheduler'],
  'codes.session_hash': ['patient', 'scheduler'],
  'codes.code_hash': ['patient', 'scheduler'],
  'phone_day_counts.phone_index': ['patient', 'scheduler'],
  'passkeys.subject_index': ['patient'],
  'passkeys.sealed': ['patient'],
  'passkeys.used_challenge': ['patient'],
  'ops_sessions.token_hash': ['ops'],
  'webhook_secrets.sealed': ['scheduler'],
  'send_check_secrets.sealed': ['scheduler'],
  'canary_messages.sealed': ['scheduler'],
  'audit.hash': ['ops', 'scheduler'],
  'audit_chain.base_hash': ['scheduler'],
  'audit_chain.last_hash': ['scheduler'],
};

/** What scheduler may delete once it does not count any more. */
const deletedWhenOver = [
  ...['code_counts', 'codes', 'credential_tokens', 'credential_usage', 'passkeys'],
  ...['phone_day_counts', 'receipts', 'source_failures'],
];

/** SECURITY.md names them. */
const deletedWhateverAge = [
  ...['appointments', 'versions', 'links', 'reminders', 'carried_lives', 'batches', 'heartbeats'],
  ...['minute_hand_overs', 'minute_lateness', 'minute_opt_outs', 'minute_transitions'],
  ...['ledger_breaks', 'ledger_proofs', 'canary_messages', 'canary_runs', 'field_fills'],
  ...['webhook_failures', 'webhook_secrets', 'send_check_secrets'],
];

/**
 * What each role may write: a table, or of one the columns in brackets. A grant more fails the tests
 * until it stands here; what it is good for in the wrong hands is to stand in SECURITY.md.
 */
const writes: Record<DatabaseRole, Record<'insert' | 'update' | 'delete', string>> = {
  api: {
    insert: `
      appointments, content_keys, credential_tokens, credential_usage, events, field_fills,
      heartbeats, links, receipts, reminders, sealed_callbacks, send_check_secrets, send_checks,
      versions, webhook_endpoints, webhook_secrets,
      audit(action, actor, organisation_id, reason, subject)`,
    update: `
      field_fills, heartbeats,
      appointments(deleted_at, ends_at, erase_at, moved, paused_at, revision, starts_at, state,
        updated_at, version),
      attempts(copy_owed_at),
      credential_usage(appointments, numbers, refused_at, refused_by, reminders),
      credentials(last_used_at),
      links(current, expires_at, revoked_at),
      organisations(appointments_per_day, appointments_per_hour, birth_date_opens_all,
        countries, days_ahead_max, default_language, jitter_minutes, numbers_per_hour,
        portal_acr_values, portal_client_id, portal_issuer, portal_max_age_minutes, proof_policy,
        quiet_from, quiet_until, reminder_plan, reminders_per_day, reminders_per_hour,
        uncertain_policy),
      reminders(batch_id, due_at, lease_until, not_after, pending_end, possibly_sent, send_at,
        state, updated_at),
      send_check_secrets(expires_at),
      send_checks(due_at, failed_count, failing_code, failing_since, failing_status,
        on_no_answer, test_code, test_ended_at, test_id, test_requested_at, test_status, url),
      webhook_endpoints(after_id, after_transaction, disabled_at, disabled_reason, due_at,
        failed_count, failing_since, test_code, test_ended_at, test_id, test_requested_at,
        test_status, url),
      webhook_secrets(expires_at)`,
    delete: 'factor_failures, links, send_checks, source_failures, versions, webhook_endpoints',
  },
  ops: {
    insert: `
      events, incident_entries, ops_sessions, pauses,
      audit(action, actor, organisation_id, reason, subject),
      ops_requests(action, asked_by, asked_person, details, reason, shown)`,
    update: `
      ops_sessions,
      ops_requests(decided_at, decided_by, decided_person, decision),
      ops_users(disabled_at),
      pauses(ended_at),
      reminders(attempts_before_redrive, batch_id, channel, delivered_at, due_at, lease_until,
        possible_duplicate, possibly_sent, reason_code, sent_at, state, updated_at)`,
    delete: 'ops_requests, ops_sessions',
  },
  patient: {
    insert: `
      code_counts, codes, events, factor_failures, passkeys, phone_day_counts, sender_paces,
      source_failures, suppressions,
      canary_messages(id, sealed)`,
    update: `
      code_counts, codes, factor_failures, phone_day_counts, sender_paces, source_failures,
      passkeys(sign_count, used_challenge, used_on)`,
    delete: 'passkeys, source_failures',
  },
  scheduler: {
    insert: `
      batches, canary_runs, carried_balances, events, heartbeats, incident_alerts,
      incident_entries, incident_organisations, incident_progress, incident_references, incidents,
      ledger_breaks, ledger_proofs, minute_hand_overs, minute_lateness, minute_opt_outs,
      minute_transitions, send_questions, total_hand_overs, total_lateness, total_opt_outs,
      total_transitions, webhook_failures,
      pauses(id, reason)`,
    update: `
      canary_runs, heartbeats, measuring, send_questions, total_hand_overs, total_lateness,
      total_opt_outs, total_transitions,
      attempts(ended_at, outcome, reason_code),
      database_lives(accepted, beat, counted_until, identity, marked_at, ready_at, run,
        timeline),
      incident_alerts(delivered_at, due_at, lease_id, number, owed_at, tries),
      incident_progress(end_told_at, looked_until),
      links(parcel, parcel_day),
      reminders(batch_id, channel, delivered_at, due_at, lease_until, possible_duplicate,
        possibly_sent, reason_code, sent_at, state, updated_at),
      send_checks(answered_at, asked_count, drop_count, due_at, failed_count, failing_code,
        failing_since, failing_status, inconclusive_count, lease_id, lease_until, proceed_count,
        taken_at, test_code, test_ended_at, test_status),
      webhook_endpoints(after_id, after_transaction, delivered_at, disabled_at, disabled_reason,
        due_at, failed_count, failing_since, lease_id, lease_until, taken_at, test_code,
        test_ended_at, test_status)`,
    delete: [...deletedWhenOver, ...deletedWhateverAge].join(),
  },
  worker: {
    insert: `
      attempts, events, heartbeats, incident_alerts, incident_entries, incident_organisations,
      incident_progress, incidents, sender_paces, suppressions,
      canary_messages(id, sealed)`,
    update: `
      heartbeats, sealed_callbacks, sender_paces,
      attempts(copy_gone_at, copy_owed_at, copy_retry_at, copy_tries, ended_at, outcome,
        proven_copy_at, provider_id, reason_code, receipt_at, receipt_code, receipt_state),
      batches(taken_at),
      incident_alerts(delivered_at, due_at, lease_id, number, owed_at, tries),
      links(attempted_at, parcel, parcel_day, selector),
      reminders(attempt_count, batch_id, channel, delivered_at, doubt_alarmed_at, due_at,
        lease_until, possible_duplicate, possibly_sent, reason_code, sent_at, settle_at,
        settle_count, state, updated_at)`,
    delete: 'heartbeats, sealed_callbacks, suppressions',
  },
};

/** What the purpose of a role does not cover, said in words where bytes do not say it. */
const refusedSelects: [DatabaseRole, string][] = [
  ['patient', 'select networks from credentials'],
  ['patient', 'select public_key from credential_keys'],
  ['ops', 'select thumbprint from credential_keys'],
  ['worker', 'select thumbprint from credential_keys'],
  ['scheduler', 'select thumbprint from credential_keys'],
  ['patient', 'select credential_id from credential_tokens'],
  ['ops', 'select credential_id from credential_tokens'],
  ['api', 'select hour from code_counts'],
  ['patient', 'select hour from credential_usage'],
  ['worker', 'select hour from credential_usage'],
  ['ops', 'select hour from credential_usage'],
  ['patient', 'select due_at from reminders'],
  ['api', 'select id from passkeys'],
  ['ops', 'select id from passkeys'],
  ['worker', 'select id from passkeys'],
  ['scheduler', 'select sign_count from passkeys'],
  ['patient', 'select provider_id from attempts'],
  ['patient', 'select reference from events'],
  ['ops', 'select scopes from credentials'],
  ['ops', 'select view_month from versions'],
  ['worker', 'select starts_at from appointments'],
  ['worker', 'select id from credentials'],
  ['worker', 'select version from versions'],
  ['worker', 'select version from content_keys'],
  ['worker', 'select reference from events'],
  ['worker', 'select failed_count from factor_failures'],
  ['scheduler', 'select starts_at from appointments'],
  ['scheduler', 'select id from credentials'],
  ['scheduler', 'select provider_id from attempts'],
  ['scheduler', 'select receipt_id from receipts'],
  ['scheduler', 'select carried_at from carried_balances'],
  ['ops', 'select difference from ledger_breaks'],
  ['ops', 'select proved_until from ledger_proofs'],
  ['scheduler', 'select contact_index from suppressions'],
  ['scheduler', 'select id from ops_users'],
  ['ops', 'select accepted from database_lives'],
  ['worker', 'select identity from database_lives'],
  ['ops', 'select created_at from suppressions'],
  ['ops', 'select id from canary_runs'],
  ['worker', 'select id from canary_messages'],
  ['patient', 'select id from canary_messages'],
  ['ops', 'select count from field_fills'],
  ['ops', 'select mark_transaction_id from measuring'],
  ['scheduler', 'select code from webhook_failures'],
  ['api', 'select key_number from webhook_secrets'],
  ['ops', 'select url from webhook_endpoints'],
  ['api', 'select key_number from send_check_secrets'],
  ['ops', 'select url from send_checks'],
  ['ops', 'select id from send_check_secrets'],
  ['worker', 'select id from send_checks'],
  ['worker', 'select decision from send_questions'],
  ['patient', 'select id from send_checks'],
  ['ops', 'select id from webhook_secrets'],
  ['worker', 'select id from webhook_endpoints'],
  ['patient', 'select id from webhook_endpoints'],
  ['scheduler', 'select name from ops_users'],
  ['api', 'select name from ops_users'],
  ['api', 'select subject from audit'],
  ['api', 'select provider_id from attempts'],
  ['api', 'select facts from incident_entries'],
  ['api', 'select reason from incident_entries'],
  ['worker', 'select reference from incident_references'],
  ['patient', 'select id from incidents'],
];

interface Column {
  table: string;
  column: string;
  type: string;
  readers: DatabaseRole[];
}

let database: TestDatabase;
let columns: Column[];
let own: Organisation;
let foreign: Organisation;

beforeAll(async () => {
  database = await createTestDatabase();
  columns = await readColumns();
  await seedIncidents();
  own = await seedOrganisation();
  foreign = await seedOrganisation();
  await database.admin.query(
    `insert into phone_day_counts (phone_index, day) values ('1', (now() at time zone 'UTC')::date)`,
  );
});
afterAll(() => database.drop());

async function readColumns(): Promise<Column[]> {
  const { rows } = await database.admin.query(
    `select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
       array(select role from unnest($1::text[]) role
         where has_column_privilege('sotto_' || role, c.oid, a.attnum, 'select')) as readers
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and not c.relispartition and a.attnum > 0 and not a.attisdropped and c.relname <> 'migrations'
     order by c.relname, a.attnum`,
    [[...databaseRoles]],
  );
  return rows;
}

interface Organisation {
  id: string;
  /** The row of each table that belongs to this organisation. */
  rows: Record<string, Record<string, unknown>>;
}

/** One row in every table; a table that is missing here fails the tests. */
function rowsOf(id: string): Organisation['rows'] {
  const [appointment, reminder, link, credential, endpoint, check] = Array.from({ length: 6 }, () =>
    randomUUID(),
  );
  const common = { organisation_id: id, mode: 'test' };
  const now = new Date();
  const month = '2026-01-01';
  return {
    organisations: { id, name: 'Seeded' },
    credentials: { ...common, id: credential, kind: 'api_key', key_hash: randomBytes(32) },
    credential_keys: {
      organisation_id: id,
      credential_id: credential,
      thumbprint: 'A'.repeat(43),
      slot: 1,
      algorithm: 'EdDSA',
      public_key: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
    },
    credential_tokens: {
      organisation_id: id,
      credential_id: credential,
      token_hash: randomBytes(32),
      expires_at: now,
    },
    credential_organisations: { organisation_id: id, credential_id: credential },
    code_counts: { ...common, hour: now, sent_in_hour: 1, sent_in_day: 1 },
    credential_usage: { ...common, credential_id: credential, process_id: randomUUID(), hour: now },
    appointments: {
      ...common,
      id: appointment,
      reference: `visit-${id}`,
      state: 'booked',
      version: 1,
      starts_at: now,
      ends_at: now,
      erase_at: now,
    },
    versions: {
      ...common,
      appointment_id: appointment,
      version: 1,
      receipt_id: randomUUID(),
      content: randomBytes(8),
      view_month: '2026-11',
    },
    reminders: {
      ...common,
      id: reminder,
      appointment_id: appointment,
      kind: 'planned',
      requested_channel: 'sms',
      channel: 'sms',
      before: 'P1D',
      resolved_at: now,
      send_at: now,
      due_at: now,
      not_after: now,
      state: 'scheduled',
    },
    links: {
      ...common,
      id: link,
      appointment_id: appointment,
      reminder_id: reminder,
      channel: 'sms',
      lookup: randomBytes(16),
      seal_public_key: randomBytes(32),
      note: randomBytes(8),
      expires_at: now,
    },
    content_keys: {
      ...common,
      appointment_id: appointment,
      version: 1,
      link_id: link,
      sealed_key: randomBytes(8),
    },
    attempts: {
      ...common,
      id: randomUUID(),
      reminder_id: reminder,
      number: 1,
      channel: 'sms',
      transport: 'twilio',
      token: randomBytes(16),
      batch_id: randomUUID(),
    },
    passkeys: {
      ...common,
      id: randomUUID(),
      subject_index: randomBytes(32),
      sealed: randomBytes(8),
      sign_count: 0,
    },
    factor_failures: { organisation_id: id, appointment_id: appointment, factor: 'pin' },
    source_failures: { organisation_id: id, link_id: link, source: randomBytes(32) },
    codes: {
      organisation_id: id,
      id: randomUUID(),
      link_id: link,
      session_hash: randomBytes(32),
      code_hash: randomBytes(32),
      expires_at: now,
    },
    events: {
      ...common,
      type: 'appointment.accepted',
      reference: 'visit-1',
      appointment_id: appointment,
    },
    pauses: { organisation_id: id, id: randomUUID(), reason: 'seeded' },
    webhook_endpoints: {
      ...common,
      id: endpoint,
      url: 'https://hooks.example.com',
      after_transaction: '1',
      after_id: 0,
    },
    webhook_secrets: {
      organisation_id: id,
      id: randomUUID(),
      endpoint_id: endpoint,
      key_number: '1',
      sealed: randomBytes(8),
    },
    webhook_failures: {
      organisation_id: id,
      endpoint_id: endpoint,
      event_id: 1,
      event_type: 'reminder.sent',
      attempt: 1,
      code: 'timeout',
    },
    send_checks: { ...common, id: check, url: 'https://check.example.com' },
    send_check_secrets: {
      organisation_id: id,
      id: randomUUID(),
      check_id: check,
      key_number: '1',
      sealed: randomBytes(8),
    },
    send_questions: { ...common, reminder_id: reminder },
    carried_balances: { ...common, state: 'sent', count: 1 },
    carried_steps: { ...common, month, to_state: 'sent', count: 1 },
    carried_ends: { ...common, month, transaction_id: '1', id: 1 },
    carried_lives: {
      ...common,
      month,
      appointment_id: appointment,
      reminder_id: reminder,
      state: 'sent',
      step: 1,
    },
    receipts: { ...common, issued_at: now, receipt_id: randomUUID() },
    ledger_breaks: {
      ...common,
      appointment_id: appointment,
      reminder_id: reminder,
      state: 'sent',
      difference: 1,
    },
    incident_organisations: { ...common, incident_id: sharedIncident },
    incident_references: {
      ...common,
      incident_id: sharedIncident,
      appointment_id: appointment,
      reference: `visit-${id}`,
    },
  };
}

async function seedIncidents(): Promise<void> {
  for (const [number, id] of [sharedIncident, foreignIncident].entries()) {
    await database.admin.query(
      `with opened as (insert into incidents (id, code, number, since)
         values ($1, 'ledger_broken', $2, now()))
       insert into incident_entries (incident_id, kind, actor, reason)
       values ($1, 'closed', 'command line', 'mended')`,
      [id, number + 1],
    );
  }
}

async function seedOrganisation(): Promise<Organisation> {
  const id = randomUUID();
  const rows = rowsOf(id);
  for (const [table, row] of Object.entries(rows)) {
    await database.admin.query(...insertion(table, row));
  }
  return { id, rows };
}

function insertion(table: string, row: Record<string, unknown>): [string, unknown[]] {
  const names = Object.keys(row);
  const places = names.map((_, index) => `$${index + 1}`);
  return [
    `insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`,
    Object.values(row),
  ];
}

const organisationColumn = (table: string) =>
  table === 'organisations' ? 'id' : 'organisation_id';

const readable = (role: DatabaseRole) => [
  ...new Set(columns.filter(({ readers }) => readers.includes(role)).map(({ table }) => table)),
];

const ofOrganisations = (tables: readonly string[]) =>
  tables.filter((table) => !(table in commonTables));

/** Runs statements as a role, bound to these organisations; nothing of it stays. */
async function as<T>(
  role: DatabaseRole,
  organisations: readonly string[] | undefined,
  work: (connection: pg.Client) => Promise<T>,
): Promise<T> {
  const connection = new pg.Client({ connectionString: database.roleUrls[role].reveal() });
  await connection.connect();
  try {
    await connection.query('begin');
    if (organisations) {
      await connection.query(`select set_config('sotto.organisations', $1, true)`, [
        `{${organisations.join(',')}}`,
      ]);
    }
    return await work(connection);
  } finally {
    await connection.end();
  }
}

async function count(connection: pg.Client, table: string, where = 'true'): Promise<number> {
  const { rows } = await connection.query(
    `select count(*)::integer as count from ${table} where ${where}`,
  );
  return rows[0].count;
}

const hasPrivilege = async (role: DatabaseRole, table: string, privilege: string) => {
  const { rows } = await database.admin.query('select has_table_privilege($1, $2, $3) as has', [
    `sotto_${role}`,
    table,
    privilege,
  ]);
  return rows[0].has as boolean;
};

describe('the tables', () => {
  it('are each known to these tests, as one organisation’s or as common to all', () => {
    const tables = [...new Set(columns.map(({ table }) => table))];
    expect(tables.length).toBeGreaterThan(20);
    expect(tables.sort()).toEqual([...Object.keys(own.rows), ...Object.keys(commonTables)].sort());
    for (const table of ofOrganisations(tables)) {
      const names = columns.filter((each) => each.table === table).map(({ column }) => column);
      expect(names, table).toContain(organisationColumn(table));
    }
  });

  it('force row-level security on everyone, each partition too', async () => {
    const { rows } = await database.admin.query(
      `select relname, relispartition, relrowsecurity and relforcerowsecurity as forced
       from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
         and relname <> 'migrations'`,
    );
    expect(rows.filter(({ relispartition }) => relispartition).length).toBeGreaterThan(2);
    expect(rows.filter(({ forced }) => !forced)).toEqual([]);
  });

  it('keep it forced on a partition of next year', async () => {
    await database.admin.query(
      'begin; set local role sotto_owner; select ensure_event_partitions(14); commit',
    );
    const { rows } = await database.admin.query(
      `select bool_and(relrowsecurity and relforcerowsecurity) as forced, count(*)::integer as count
       from pg_class where relispartition and relkind = 'r'`,
    );
    expect(rows[0]).toMatchObject({ forced: true });
    expect(rows[0].count).toBeGreaterThan(14);
  });

  it('have no partition that a role may read past the policies of its parent', async () => {
    const { rows } = await database.admin.query(
      `select c.relname, role from pg_class c, unnest($1::text[]) role
       where c.relispartition and c.relkind = 'r'
         and has_table_privilege('sotto_' || role, c.oid, 'select, insert, update, delete')`,
      [[...databaseRoles]],
    );
    expect(rows).toEqual([]);
  });

  it('leave the list of migrations to the administrator', async () => {
    for (const role of databaseRoles) {
      expect(await hasPrivilege(role, 'migrations', 'select, insert, update, delete')).toBe(false);
    }
  });
});

describe('the roles', () => {
  it('are no superusers, bypass nothing, own nothing and belong to no other role', async () => {
    const { rows } = await database.admin.query(
      `select r.rolname from pg_roles r
       where r.rolname = any ($1) and not (r.rolsuper or r.rolbypassrls or r.rolcreaterole
           or r.rolcreatedb or r.rolreplication or r.rolinherit)
         and not exists (select from pg_auth_members m where m.member = r.oid)
         and not exists (select from pg_class c where c.relowner = r.oid)
         and not exists (select from pg_proc p where p.proowner = r.oid)
         and not has_schema_privilege(r.oid, 'public', 'create')
       order by 1`,
      [databaseRoles.map((role) => `sotto_${role}`)],
    );
    expect(rows.map(({ rolname }) => rolname)).toEqual(
      databaseRoles.map((role) => `sotto_${role}`).sort(),
    );
  });

  it('that own tables and functions cannot sign in', async () => {
    const { rows } = await database.admin.query(
      `select distinct r.rolname, r.rolcanlogin or r.rolsuper or r.rolbypassrls as strong
       from pg_roles r
       join (select relowner as owner from pg_class where relnamespace = 'public'::regnamespace
           and relkind in ('r', 'p') and relname <> 'migrations'
         union select proowner from pg_proc where pronamespace = 'public'::regnamespace
           and prokind = 'f' and prolang <> (select oid from pg_language where lanname = 'c')) o
         on o.owner = r.oid order by 1`,
    );
    expect(rows).toEqual([
      { rolname: 'sotto_eraser', strong: false },
      { rolname: 'sotto_lookup', strong: false },
      { rolname: 'sotto_owner', strong: false },
      { rolname: 'sotto_restorer', strong: false },
    ]);
  });

  it('have a way into no database but through a grant', async () => {
    const { rows } = await database.admin.query(
      `select has_database_privilege('public', $1, 'connect') as connect,
         has_schema_privilege('public', 'public', 'usage') as usage`,
      // What may connect is not copied with a template.
      [templateDatabase],
    );
    expect(rows).toEqual([{ connect: false, usage: false }]);
  });
});

describe.each(boundRoles)('%s', (role) => {
  it('sees no row of any organisation until one is set, nor with an empty setting', async () => {
    for (const setting of [undefined, []]) {
      await as(role, setting, async (connection) => {
        for (const table of ofOrganisations(readable(role))) {
          expect(await count(connection, table), table).toBe(0);
        }
      });
    }
  });

  it('sees the rows of the organisation that is set, and of no other', async () => {
    await as(role, [own.id], async (connection) => {
      const tables = ofOrganisations(readable(role));
      expect(tables).toContain('organisations');
      for (const table of tables) {
        expect(await count(connection, table), table).toBe(1);
        const where = `${organisationColumn(table)} = '${own.id}'`;
        expect(await count(connection, table, where), table).toBe(1);
      }
    });
    await as(role, [own.id, foreign.id], async (connection) => {
      for (const table of ofOrganisations(readable(role))) {
        expect(await count(connection, table), table).toBe(2);
      }
    });
  });

  it('writes no row for another organisation', async () => {
    const another = rowsOf(foreign.id);
    for (const [table, row] of Object.entries(another)) {
      if (!(await hasPrivilege(role, table, 'insert'))) continue;
      const inserted = as(role, [own.id], (connection) =>
        connection.query(...insertion(table, row)),
      );
      await expect(inserted, table).rejects.toMatchObject({
        code: '42501',
        message: expect.stringContaining('row-level security'),
      });
    }
  });

  it('changes and deletes no row of another organisation', async () => {
    await as(role, [own.id], async (connection) => {
      for (const table of ofOrganisations(readable(role))) {
        const where = `${organisationColumn(table)} = '${foreign.id}'`;
        const column = await updatable(role, table);
        if (column) {
          const result = await connection.query(
            `update ${table} set ${column} = ${column} where ${where}`,
          );
          expect(result.rowCount, table).toBe(0);
        }
        if (await hasPrivilege(role, table, 'delete')) {
          const result = await connection.query(`delete from ${table} where ${where}`);
          expect(result.rowCount, table).toBe(0);
        }
      }
    });
  });

  it('refuses a setting that is no list of organisations', async () => {
    await as(role, undefined, async (connection) => {
      await connection.query(`select set_config('sotto.organisations', '{x} or true', true)`);
      await expect(connection.query('select from organisations')).rejects.toMatchObject({
        code: '22P02',
      });
    });
  });

  it('reads of what is common to all only what is for it', () => {
    const common = readable(role).filter((table) => table in commonTables);
    expect(common.sort()).toEqual(
      Object.keys(commonTables)
        .filter((table) => commonTables[table]?.includes(role))
        .sort(),
    );
  });
});

/** A column that the role may both read and update, if there is one. */
async function updatable(role: DatabaseRole, table: string): Promise<string | undefined> {
  const { rows } = await database.admin.query(
    `select a.attname as column from pg_attribute a
     where a.attrelid = $2::regclass and a.attnum > 0
       and has_column_privilege($1, a.attrelid, a.attnum, 'update')
       and has_column_privilege($1, a.attrelid, a.attnum, 'select') limit 1`,
    [`sotto_${role}`, table],
  );
  return rows[0]?.column;
}

/** Of `table(one, another)`: `table.one` and `table.another`. */
function placesOf(grants: string): string[] {
  return Array.from(grants.matchAll(/(\w+)(?:\(([^)]+)\))?/g)).flatMap(([, table, columns]) =>
    columns ? columns.split(/,\s+/).map((column) => `${table}.${column}`) : [String(table)],
  );
}

describe('the purpose of a role', () => {
  it('decides who may read each column of bytes', () => {
    const bytes = columns.filter(({ type }) => type === 'bytea');
    const readers = Object.fromEntries(
      bytes.map(({ table, column, readers: roles }) => [`${table}.${column}`, [...roles].sort()]),
    );
    expect(readers).toEqual(
      Object.fromEntries(
        Object.entries(readersOfBytes).map(([name, roles]) => [name, [...roles].sort()]),
      ),
    );
  });

  it('decides what each role may insert, update and delete', async () => {
    const { rows } = await database.admin.query(
      `select distinct role || ' ' || verb || ' ' || c.relname ||
         case when has_table_privilege('sotto_' || role, c.oid, verb) then '' else '.' || a.attname end as may
       from unnest($1::text[]) role, unnest(array['insert', 'update', 'delete', 'truncate']) verb,
         pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
         and case when verb in ('insert', 'update')
           then has_column_privilege('sotto_' || role, c.oid, a.attnum, verb)
           else has_table_privilege('sotto_' || role, c.oid, verb) end`,
      [[...databaseRoles]],
    );
    const written = Object.entries(writes).flatMap(([role, verbs]) =>
      Object.entries(verbs).flatMap(([verb, grants]) =>
        placesOf(grants).map((place) => `${role} ${verb} ${place}`),
      ),
    );
    expect(rows.map(({ may }) => may).sort()).toEqual(written.sort());
  });

  it.each(refusedSelects)('refuses %s: %s', async (role, statement) => {
    const organisations = boundRoles.some((bound) => bound === role) ? [own.id] : undefined;
    await expect(
      as(role, organisations, (connection) => connection.query(statement)),
    ).rejects.toMatchObject({ code: '42501' });
  });

  it('shows the hashes of passwords to ops alone', () => {
    const passwords = columns.filter(({ column }) => column === 'password_hash');
    expect(passwords.map(({ readers }) => readers)).toEqual([['ops']]);
  });

  it.each(['worker', 'scheduler'] as const)('lets %s see all organisations', async (role) => {
    await as(role, undefined, async (connection) => {
      expect(await count(connection, 'reminders')).toBe(2);
      expect(await count(connection, 'appointments')).toBe(2);
    });
  });

  it('lets nobody move a reminder or an appointment, change what was asked for, or what a key may do', async () => {
    const fixed = {
      reminders: [
        'id',
        'organisation_id',
        'mode',
        'appointment_id',
        'kind',
        'requested_channel',
        'before',
        'resolved_at',
      ],
      appointments: ['id', 'organisation_id', 'mode', 'reference'],
      links: ['id', 'organisation_id', 'mode', 'appointment_id', 'reminder_id', 'lookup', 'note'],
      organisations: ['id', 'name', 'requests_per_minute', 'created_at'],
      credentials: [
        'organisation_id',
        'key_hash',
        'platform',
        'replaced_by',
        'scopes',
        'expires_at',
        'revoked_at',
      ],
    };
    const { rows } = await database.admin.query(
      `select role, f.table, f.column from unnest($1::text[], $2::text[]) f ("table", "column"),
         unnest($3::text[]) role
       where has_column_privilege('sotto_' || role, f.table, f.column, 'update')`,
      [
        Object.entries(fixed).flatMap(([table, names]) => names.map(() => table)),
        Object.values(fixed).flat(),
        [...databaseRoles],
      ],
    );
    expect(rows).toEqual([]);
  });

  it('lets api account for a change of its organisation’s settings, and write no other line', async () => {
    const line = (change: Record<string, string> = {}) => {
      const row = {
        actor: 'credential x',
        action: 'organisation.set',
        organisation_id: own.id,
        subject: 'jitterMinutes=5',
        ...change,
      };
      return as('api', [own.id], (connection) =>
        connection.query(
          `insert into audit (${Object.keys(row).join(', ')})
           values (${Object.values(row)
             .map((value) => `'${value}'`)
             .join(', ')})`,
        ),
      );
    };
    expect((await line()).rowCount).toBe(1);
    for (const change of [
      { organisation_id: foreign.id },
      { action: 'credential.create' },
      { actor: 'command line' },
      { at: '2026-01-01' },
    ]) {
      await expect(line(change), JSON.stringify(change)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('lets the scheduler empty a parcel, and put no other in its place', async () => {
    const where = `where id = '${own.rows.links?.id}'`;
    await as('scheduler', undefined, async (connection) => {
      const emptied = await connection.query(
        `update links set parcel = null, parcel_day = null ${where}`,
      );
      expect(emptied.rowCount).toBe(1);
      await expect(
        connection.query(`update links set parcel = 'x', parcel_day = '2026-12-01' ${where}`),
      ).rejects.toMatchObject({ code: '42501' });
    });
  });

  it('lets worker give a link its selector, and change or take it from none', async () => {
    await as('worker', undefined, async (connection) => {
      const set = (selector: string | null) =>
        connection.query('update links set selector = $2 where id = $1', [
          own.rows.links?.id,
          selector,
        ]);
      expect((await set('a')).rowCount).toBe(1);
      expect((await set('a')).rowCount).toBe(1);
      for (const selector of [null, 'b']) {
        await connection.query('savepoint before');
        await expect(set(selector), String(selector)).rejects.toMatchObject({ code: '42501' });
        await connection.query('rollback to savepoint before');
      }
    });
  });

  it('shows api the incidents that name an organisation of its own, and no other', async () => {
    const see = (organisations: readonly string[]) =>
      as('api', organisations, async (connection) => {
        const { rows } = await connection.query(
          `select i.id, e.kind from incidents i
           left join incident_entries e on e.incident_id = i.id order by i.id`,
        );
        return rows;
      });
    await database.admin.query(
      `insert into incident_organisations (incident_id, organisation_id, mode) values ($1, $2, 'test')`,
      [foreignIncident, foreign.id],
    );
    expect(await see([])).toEqual([]);
    expect(await see([own.id])).toEqual([{ id: sharedIncident, kind: 'closed' }]);
    expect(await see([foreign.id])).toHaveLength(2);
  });

  it.each(['worker', 'scheduler'] as const)('lets %s close no incident', async (role) => {
    await as(role, [], async (connection) => {
      const closing = connection.query(
        `insert into incident_entries (incident_id, kind, actor, reason) values ($1, 'closed', 'x', 'x')`,
        [foreignIncident],
      );
      await expect(closing).rejects.toMatchObject({ code: '42501' });
    });
  });

  it('lets ops close an incident, and say nothing else of it', async () => {
    await as('ops', [own.id], async (connection) => {
      const add = (kind: string) =>
        connection.query(
          `insert into incident_entries (incident_id, kind, since, facts) values ($1, $2, now(), '{}')`,
          [sharedIncident, kind],
        );
      await expect(add('seen')).rejects.toMatchObject({ code: '42501' });
    });
  });

  it.each(deletedWhenOver)(
    'lets scheduler delete nothing of %s that still counts',
    async (table) => {
      const { rows } = await database.admin.query(`select count(*)::int as count from ${table}`);
      expect(rows[0].count).toBeGreaterThan(0);
      await as('scheduler', undefined, async (connection) => {
        expect((await connection.query(`delete from ${table}`)).rowCount).toBe(0);
      });
    },
  );

  it.each([
    ['code_counts', 'hour', '34 hours', '3 hours'],
    ['codes', 'expires_at', '23 hours', '2 hours'],
    ['credential_usage', 'hour', '34 hours', '3 hours'],
    ['receipts', 'issued_at', '167 hours', '2 hours'],
    ['source_failures', 'updated_at', '167 hours', '2 hours'],
    ['passkeys', 'used_on', '399 days', '2 days'],
    ['credential_tokens', 'expires_at', '50 minutes', '11 minutes'],
    ['phone_day_counts', 'day', '1 day', '1 day'],
  ])(
    'lets scheduler delete %s once %s is older than it promises, and not before',
    async (...row) => {
      const [table, column, within, more] = row;
      const turnBack = (by: string) =>
        database.admin.query(`update ${table} set ${column} = ${column} - interval '${by}'`);
      const deleted = () =>
        as('scheduler', undefined, async (connection) => {
          const { rowCount } = await connection.query(`delete from ${table}`);
          return rowCount;
        });
      try {
        await turnBack(within);
        expect(await deleted()).toBe(0);
        await turnBack(more);
        expect(await deleted()).toBeGreaterThan(0);
      } finally {
        for (const by of [within, more]) await turnBack(`-${by}`);
      }
    },
  );

  it('lets scheduler delete no callback before somebody opened it', async () => {
    await as('scheduler', undefined, async (connection) => {
      const deleting = connection.query('delete from sealed_callbacks');
      await expect(deleting).rejects.toMatchObject({ code: '42501' });
    });
  });

  it('lets api have the copies of a provider deleted at once, and none be kept', async () => {
    await as('api', [own.id], async (connection) => {
      const owe = (at: string) => connection.query(`update attempts set copy_owed_at = ${at}`);
      expect((await owe('least(copy_owed_at, clock_timestamp())')).rowCount).toBe(1);
      await expect(owe("'infinity'")).rejects.toMatchObject({ code: '42501' });
    });
  });

  it('lets api leave signs of what it refuses, and make up, see or change no other', async () => {
    const signs = [keyMissingSign, ...refusalReasons.map(refusingSign)];
    const beat = (role: 'api' | 'worker', name: string) =>
      writeHeartbeat(database.open(role, 1), { name, instance: 'one', version: '1' });
    await beat('worker', 'dispatch');
    for (const name of [...signs, ...signs]) await beat('api', name);
    await as('api', [], async (connection) => {
      const seen = await connection.query('update heartbeats set beat_at = now() returning name');
      expect(seen.rows.map(({ name }) => name).sort()).toEqual(signs.toSorted());
      await expect(
        connection.query("insert into heartbeats values ('dispatch', 'another', '1')"),
      ).rejects.toMatchObject({ code: '42501' });
    });
  });

  it('lets ops and patient make up no sign of life', async () => {
    for (const role of ['ops', 'patient'] as const)
      expect(await hasPrivilege(role, 'heartbeats', 'insert, update, delete'), role).toBe(false);
  });

  it('lets ops lock whoever signs in, disable nobody and let nobody in again', async () => {
    await database.admin.query(
      `insert into ops_users (id, name, role) values (gen_random_uuid(), 'another', 'viewer')`,
    );
    await as('ops', [], async (connection) => {
      expect((await connection.query('select from ops_users for share')).rowCount).toBe(1);
      for (const at of ['null', 'now()']) {
        await connection.query('savepoint before');
        const setting = connection.query(`update ops_users set disabled_at = ${at}`);
        await expect(setting, at).rejects.toMatchObject({ code: '42501' });
        await connection.query('rollback to savepoint before');
      }
    });
  });

  it('lets nobody change what has happened', async () => {
    for (const role of databaseRoles) {
      for (const table of [
        'events',
        'audit',
        'carried_balances',
        'incidents',
        'incident_entries',
        'incident_organisations',
        'incident_references',
      ]) {
        expect(
          await hasPrivilege(role, table, 'update, delete, truncate'),
          `${role} ${table}`,
        ).toBe(false);
      }
      for (const table of ['versions', 'content_keys']) {
        expect(await hasPrivilege(role, table, 'update, truncate'), `${role} ${table}`).toBe(false);
      }
    }
  });

  it('holds for the owner of the tables, whom it shows no appointment', async () => {
    const connection = await database.admin.connect();
    try {
      await connection.query('begin; set local role sotto_owner');
      for (const table of [
        'appointments',
        'versions',
        'links',
        'content_keys',
        'reminders',
        'attempts',
      ]) {
        const { rows } = await connection.query(`select from ${table}`);
        expect(rows, table).toEqual([]);
      }
    } finally {
      await connection.query('rollback');
      connection.release();
    }
  });
});

describe('the functions that look past the organisation', () => {
  it('return ids, counts and a time and nothing else, on a path of their own, to the roles that need them', async () => {
    const { rows } = await database.admin.query(
      `select p.proname as name, pg_get_function_result(p.oid) as result,
         array_to_string(p.proconfig, ' ') as setting,
         array(select role from unnest($1::text[]) role
           where has_function_privilege('sotto_' || role, p.oid, 'execute')) as callers,
         has_function_privilege('public', p.oid, 'execute') as open
       from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef order by 1`,
      [[...databaseRoles]],
    );
    const common = { setting: 'search_path=public, pg_temp', open: false };
    expect(rows).toEqual([
      { name: 'begin_life', result: 'void', callers: ['scheduler'], ...common },
      // What it writes lets a month of events be dropped: nobody else may write that.
      { name: 'carry_event_month', result: 'boolean', callers: ['scheduler'], ...common },
      // Called by the table that a line is written to, and by nobody.
      { name: 'chain_audit', result: 'trigger', callers: [], ...common },
      {
        name: 'count_due_reminders',
        result:
          'TABLE(organisation_id uuid, channel text, mode text, due_count integer, oldest_due_at timestamp with time zone)',
        callers: ['ops'],
        ...common,
      },
      {
        name: 'count_held_reminders',
        result:
          'TABLE(organisation_id uuid, mode text, going_out integer, still_held integer, expired integer)',
        callers: ['ops'],
        ...common,
      },
      {
        name: 'count_late_appointments',
        result: 'TABLE(soon_count integer, mismatch_count integer)',
        callers: ['ops'],
        ...common,
      },
      {
        name: 'count_ledger',
        result:
          'TABLE(organisation_id uuid, mode text, state text, by_rows bigint, carried bigint, by_events bigint)',
        // The owner alone, as whom the command line acts.
        callers: [],
        ...common,
      },
      // Called by the table whose rows go, and by nobody.
      { name: 'delete_attempts_with_reminders', result: 'trigger', callers: [], ...common },
      // Deletes what is old enough and nothing else, however it is called.
      { name: 'delete_old_records', result: 'integer', callers: ['scheduler'], ...common },
      // Likewise by those tables.
      { name: 'delete_what_hangs_on', result: 'trigger', callers: [], ...common },
      {
        name: 'doubt_restored',
        result: 'TABLE(last_id uuid, doubted integer)',
        callers: ['scheduler'],
        ...common,
      },
      { name: 'drop_event_month', result: 'boolean', callers: ['scheduler'], ...common },
      {
        name: 'end_links',
        result: 'TABLE(ended integer, owed integer)',
        callers: [],
        ...common,
      },
      { name: 'end_ops_sessions', result: 'void', callers: ['scheduler'], ...common },
      { name: 'end_revoked_links', result: 'uuid', callers: ['scheduler'], ...common },
      { name: 'ensure_canary', result: 'void', callers: ['scheduler'], ...common },
      { name: 'ensure_event_partitions', result: 'void', callers: ['scheduler'], ...common },
      {
        name: 'erase_for_recipient',
        result:
          'TABLE(appointment_id uuid, organisation_id uuid, mode text, reference text, erased_at timestamp with time zone)',
        callers: ['patient'],
        ...common,
      },
      // By carry_event_month alone: which of these are still there.
      { name: 'find_appointments', result: 'SETOF uuid', callers: [], ...common },
      {
        name: 'find_attempt',
        result: 'TABLE(attempt_id uuid, organisation_id uuid)',
        callers: ['api'],
        ...common,
      },
      {
        name: 'find_credential',
        result: 'TABLE(credential_id uuid, organisation_id uuid)',
        callers: ['api'],
        ...common,
      },
      { name: 'find_credential_organisation', result: 'boolean', callers: ['api'], ...common },
      {
        name: 'find_credential_owners',
        result: 'TABLE(credential_id uuid, organisation_id uuid)',
        callers: ['api'],
        ...common,
      },
      {
        name: 'find_lanes_behind',
        result:
          'TABLE(organisation_id uuid, channel text, mode text, behind_ms double precision, is_held_up boolean)',
        callers: ['api'],
        ...common,
      },
      {
        name: 'find_link',
        result: 'TABLE(link_id uuid, organisation_id uuid)',
        callers: ['patient'],
        ...common,
      },
      {
        name: 'find_suppression',
        result: 'timestamp with time zone',
        callers: ['patient'],
        ...common,
      },
      {
        name: 'find_transactions_around',
        result: 'TABLE(after_transaction xid8, before_transaction xid8)',
        callers: ['api'],
        ...common,
      },
      { name: 'fold_carried_balances', result: 'uuid', callers: ['scheduler'], ...common },
      // Of what is erased, once.
      { name: 'keep_erasure_receipt', result: 'void', callers: ['patient'], ...common },
      // These three by the owner alone, as whom the command line acts: names, references and times.
      {
        name: 'links_by_selector',
        result: 'TABLE(selector text, links bigint, last_expires_at timestamp with time zone)',
        callers: [],
        ...common,
      },
      {
        name: 'list_organisation_ids',
        result: 'SETOF uuid',
        callers: ['patient', 'ops'],
        ...common,
      },
      // Whether there is one, as adding it says too.
      { name: 'renew_suppression', result: 'boolean', callers: ['patient', 'worker'], ...common },
      { name: 'replay_check_removals', result: 'void', callers: ['scheduler'], ...common },
      { name: 'replay_journal', result: 'integer', callers: ['scheduler'], ...common },
      { name: 'replay_key_removals', result: 'void', callers: ['scheduler'], ...common },
      { name: 'replay_limits', result: 'void', callers: ['scheduler'], ...common },
      { name: 'replay_passkey_removals', result: 'void', callers: ['scheduler'], ...common },
      { name: 'replay_revoked_keys', result: 'void', callers: ['scheduler'], ...common },
      { name: 'replay_tightenings', result: 'void', callers: ['scheduler'], ...common },
      { name: 'retire_canary', result: 'integer', callers: ['scheduler'], ...common },
      {
        name: 'revoke_links_of',
        result: 'TABLE(last_id uuid, ended integer, owed integer)',
        callers: [],
        ...common,
      },
      {
        name: 'sealed_links',
        result:
          'TABLE(link_id uuid, organisation_id uuid, mode text, reference text, parcel_day text, first_day text, last_day text, emptied_by timestamp with time zone, view_month text, created_at timestamp with time zone, expires_at timestamp with time zone)',
        callers: [],
        ...common,
      },
      {
        name: 'sum_credential_usage',
        result:
          'TABLE(credential_id uuid, appointments_hour bigint, appointments_day bigint, reminders_hour bigint, reminders_day bigint, numbers_hour bigint)',
        callers: ['api'],
        ...common,
      },
    ]);
  });

  it.each([
    [`replay_journal('[{"kind":"erasure","appointmentId":"${randomUUID()}"}]')`],
    [`replay_check_removals('[{"kind":"send_check_removal","checkId":"${randomUUID()}"}]')`],
    [`replay_key_removals('[{"kind":"credential_key_removal"}]')`],
    [`doubt_restored(now(), now(), now(), '${randomUUID()}', 1)`],
    [`end_revoked_links('${randomUUID()}', 1)`],
    [`replay_tightenings('[{"kind":"ops_user_role"}]')`],
    [`replay_limits('[{"kind":"organisation_limits"}]')`],
    ['end_ops_sessions()'],
  ])('do nothing while nothing is being restored: %s', async (call) => {
    await expect(
      as('scheduler', undefined, (connection) => connection.query(`select ${call}`)),
    ).rejects.toThrow('nothing is being restored');
  });

  it.each([
    ['live', `expires_at = now() + interval '1 day'`, 'erased'],
    ['expired', `expires_at = now() - interval '1 second'`, 'booked'],
    ['revoked', `expires_at = now() + interval '1 day', revoked_at = now()`, 'booked'],
  ])('erase for a recipient by a link that is %s, or nothing', async (_name, set, state) => {
    const { links, appointments } = own.rows;
    await database.admin.query(`update links set ${set} where id = $1`, [links?.id]);
    await as('patient', [own.id], async (connection) => {
      const { rowCount } = await connection.query('select from erase_for_recipient($1)', [
        links?.lookup,
      ]);
      expect(rowCount).toBe(state === 'erased' ? 1 : 0);
      const { rows } = await connection.query('select state from appointments where id = $1', [
        appointments?.id,
      ]);
      expect(rows).toEqual([{ state }]);
    });
  });

  it('find what is there, for a role that could not see it', async () => {
    const { links, attempts, credentials } = own.rows;
    await as('patient', undefined, async (connection) => {
      const { rows } = await connection.query('select * from find_link($1)', [links?.lookup]);
      expect(rows).toEqual([{ link_id: links?.id, organisation_id: own.id }]);
    });
    await as('api', undefined, async (connection) => {
      const attempt = await connection.query('select * from find_attempt($1)', [attempts?.token]);
      expect(attempt.rows).toEqual([{ attempt_id: attempts?.id, organisation_id: own.id }]);
      const credential = await connection.query('select * from find_credential($1)', [
        credentials?.key_hash,
      ]);
      expect(credential.rows).toEqual([
        { credential_id: credentials?.id, organisation_id: own.id },
      ]);
    });
  });
});
