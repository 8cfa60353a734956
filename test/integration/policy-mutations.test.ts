import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  fillForProbe,
  type PolicyRole,
  type ProbeFact,
  prepareProbe,
  probe,
  type RowOwner,
  rowOwners,
} from '../support/policy-probe.ts';

/** Roles that see the organisations set for their transaction. */
const boundRoles: readonly PolicyRole[] = ['api', 'patient', 'ops'];
const everyOwner: readonly RowOwner[] = ['canary', 'foreign', 'own'];

/** Tables that name an organisation, and are yet read whole by those who may read them. */
const readWhole = ['audit', 'carried_balances', 'incidents', 'incident_entries', 'ops_requests'];

/**
 * What the owner of the tables, as whom the command line and a few functions act, reads and writes;
 * of all else it sees nothing.
 */
const ofTheOwner: Readonly<Record<string, 'writes' | 'reads'>> = {
  audit: 'writes',
  audit_chain: 'writes',
  canary_runs: 'writes',
  carried_balances: 'writes',
  carried_steps: 'writes',
  credential_keys: 'writes',
  credential_organisations: 'writes',
  credential_usage: 'reads',
  credentials: 'writes',
  database_lives: 'writes',
  event_months: 'writes',
  incident_alerts: 'reads',
  incident_entries: 'reads',
  incident_organisations: 'reads',
  incident_progress: 'reads',
  incident_references: 'reads',
  incidents: 'reads',
  kept_floors: 'writes',
  ops_requests: 'writes',
  ops_sessions: 'writes',
  ops_users: 'writes',
  organisations: 'writes',
  pauses: 'writes',
  revoked_days: 'writes',
  revoked_selectors: 'writes',
  send_check_secrets: 'writes',
  send_checks: 'writes',
  suppressions: 'writes',
};

const [first, second] = [1, 2].map((n) => `0000000${n}-0000-4000-8000-000000000000`);

/** Rows that a policy looks at more closely than at their organisation. */
const rows: Parameters<typeof fillForProbe>[1] = {
  incidents: { own: { id: first }, foreign: { id: second } },
  incident_organisations: {
    own: { incident_id: first },
    foreign: { incident_id: second },
    canary: {},
  },
  incident_entries: {
    own: { incident_id: first, kind: 'closed' },
    foreign: { incident_id: second, kind: 'closed' },
    common: { incident_id: first, kind: 'seen' },
  },
  pauses: { own: {}, foreign: {}, canary: {}, common: {} },
  audit: { own: { id: 1 }, foreign: { id: 2 }, canary: { id: 11 } },
  audit_chain: { common: { base_id: 10 } },
  // One that is over, and others that still count.
  code_counts: { own: {}, foreign: { hour: '2026-01-01' }, canary: {} },
  credential_usage: { own: {}, foreign: { hour: '2026-01-01' }, canary: {} },
  codes: { own: {}, foreign: { expires_at: '2026-01-01' }, canary: {} },
  credential_tokens: { own: {}, foreign: { expires_at: '2026-01-01' }, canary: {} },
  passkeys: { own: {}, foreign: { used_on: '2020-01-01' }, canary: {} },
  heartbeats: { common: { name: 'dispatch' } },
  receipts: { own: {}, foreign: { issued_at: '2026-01-01' }, canary: {} },
  source_failures: { own: {}, foreign: { updated_at: '2026-01-01' }, canary: {} },
  // One that waits, and one that waited too long.
  ops_requests: { common: {}, foreign: { expires_at: '2026-01-01', asked_person: 'another' } },
};

/** As the probe tells of a change that a policy refuses. */
const refusedChange = -1;

/** What a role comes to in a table, where that is not what its kind of role does. */
const exceptions: Readonly<Record<string, Partial<ProbeFact>>> = {
  // Of incidents, those that name an organisation of its own, and how they ended.
  'api incidents own': { reads: ['own'] },
  'api incidents none': { reads: [] },
  'api incident_entries own': { reads: ['own'] },
  'api incident_entries none': { reads: [] },
  // It writes what it did, in the words of `statements` below, and reads nobody's.
  'api audit own': { writes: [] },
  'api audit none': { writes: [] },
  // Nobody changes a line, and the owner deletes those that the chain no longer begins before.
  'owner audit own': { changes: null, deletes: 2, writes: [] },
  'owner audit none': { changes: null, deletes: 2, writes: [] },
  // Whoever changes a request decides it, in the words of `statements`.
  ...Object.fromEntries(
    ['ops', 'owner'].flatMap((role) =>
      ['own', 'none'].map((set) => [
        `${role} ops_requests ${set}`,
        // And one that waited too long makes way for another.
        { changes: refusedChange, ...(role === 'ops' && { deletes: 1 }) },
      ]),
    ),
  ),
  ...Object.fromEntries(
    (
      [
        ...['code_counts', 'codes', 'credential_tokens', 'credential_usage'],
        ...['passkeys', 'receipts', 'source_failures'],
      ] as const
    ).flatMap((table) =>
      ['own', 'none'].map((set) => [`scheduler ${table} ${set}`, { deletes: 1 }]),
    ),
  ),
  'scheduler phone_day_counts own': { deletes: 0 },
  'scheduler phone_day_counts none': { deletes: 0 },
  // A pause of the whole deployment is no organisation's.
  'ops pauses own': { reads: ['common', 'own'], changes: 2 },
  'ops pauses none': { reads: ['common'], changes: 1 },
  // In the words of `statements` alone.
  ...Object.fromEntries(
    ['ops', 'worker', 'scheduler', 'owner'].flatMap((role) =>
      ['own', 'none'].map((set) => [`${role} incident_entries ${set}`, { writes: [] }]),
    ),
  ),
  // Signs of its own, in the words of `statements`.
  'api heartbeats own': { reads: [], changes: 0, writes: [] },
  'api heartbeats none': { reads: [], changes: 0, writes: [] },
  // It locks whoever signs in.
  'ops ops_users own': { changes: refusedChange },
  'ops ops_users none': { changes: refusedChange },
  // It has copies deleted at once, in the words of `statements`.
  'api attempts own': { changes: refusedChange },
  // What is carried of a month of events is written by a function that acts as the owner.
  ...Object.fromEntries(
    ['carried_lives', 'carried_ends'].flatMap((table) =>
      ['own', 'none'].map((set) => [`owner ${table} ${set}`, { writes: everyOwner }]),
    ),
  ),
  // The canary's appointments are deleted by a function that acts as the owner.
  ...Object.fromEntries(
    ['appointments', 'receipts'].flatMap((table) =>
      ['own', 'none'].map((set) => [
        `owner ${table} ${set}`,
        { reads: ['canary'], changes: 1, deletes: 1, writes: ['canary'] } as const,
      ]),
    ),
  ),
  ...Object.fromEntries(
    ['own', 'none'].map((set) => [
      `owner events ${set}`,
      { reads: everyOwner, changes: 1, deletes: 1, writes: ['canary'] } as const,
    ]),
  ),
};

interface Statement {
  readonly role: PolicyRole;
  readonly table: string;
  readonly text: string;
  /** How many rows it touches, with `own` set; undefined where a policy refuses it. */
  readonly touches?: number;
}

const line = (line: { action: string; actor?: string; organisation?: RowOwner }): string =>
  `insert into audit (actor, action, organisation_id) values ('${line.actor ?? 'credential x'}',
     '${line.action}', '${rowOwners[(line.organisation ?? 'own') as 'own']}')`;
const entry = (kind: string): string =>
  `insert into incident_entries (incident_id, kind) values ('${first}', '${kind}')`;

/** What depends on more than whose row it is. */
const statements: readonly Statement[] = [
  ...['organisation.set', 'webhook.create', 'send_check.set'].flatMap((action): Statement[] => [
    { role: 'api', table: 'audit', text: line({ action }), touches: 1 },
    { role: 'api', table: 'audit', text: line({ action, actor: 'command line' }) },
    { role: 'api', table: 'audit', text: line({ action, organisation: 'foreign' }) },
  ]),
  { role: 'api', table: 'audit', text: line({ action: 'credential.create' }) },
  { role: 'owner', table: 'audit', text: line({ action: 'credential.create' }), touches: 1 },
  {
    role: 'ops',
    table: 'ops_requests',
    text: "update ops_requests set decision = 'approved'",
    touches: 1,
  },
  { role: 'ops', table: 'ops_requests', text: 'update ops_requests set decided_at = now()' },
  {
    role: 'owner',
    table: 'ops_requests',
    text: "insert into ops_requests (decision) values ('approved')",
  },
  { role: 'scheduler', table: 'links', text: 'update links set parcel = null', touches: 3 },
  { role: 'scheduler', table: 'links', text: "update links set parcel = 'planted'" },
  { role: 'ops', table: 'incident_entries', text: entry('closed'), touches: 1 },
  { role: 'ops', table: 'incident_entries', text: entry('seen') },
  { role: 'owner', table: 'incident_entries', text: entry('closed'), touches: 1 },
  { role: 'owner', table: 'incident_entries', text: entry('seen') },
  { role: 'scheduler', table: 'incident_entries', text: entry('seen'), touches: 1 },
  { role: 'scheduler', table: 'incident_entries', text: entry('closed') },
  { role: 'worker', table: 'incident_entries', text: entry('seen'), touches: 1 },
  { role: 'worker', table: 'incident_entries', text: entry('closed') },
  ...['key_missing', 'refusing full'].map(
    (name): Statement => ({
      ...{ role: 'api', table: 'heartbeats', touches: 1 },
      text: `insert into heartbeats (name, instance, version) values ('${name}', 'x', '1')`,
    }),
  ),
  {
    role: 'api',
    table: 'attempts',
    text: 'update attempts set copy_owed_at = clock_timestamp()',
    touches: 1,
  },
  {
    role: 'ops',
    table: 'pauses',
    text: "insert into pauses (id, reason) values (gen_random_uuid(), 'all')",
    touches: 1,
  },
];

let database: TestDatabase;
let admin: pg.Client;
/** Owners of the rows of each table, as they lie there. */
let laid: ReadonlyMap<string, readonly RowOwner[]>;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new pg.Client({ connectionString: database.adminUrl.reveal() });
  await admin.connect();
  await prepareProbe(admin);
  laid = await fillForProbe(admin, rows);
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

/** What a fact has to be, by the kind of its role and of its table. */
function promised(fact: ProbeFact): ProbeFact {
  const { role, table, organisation } = fact;
  const there = laid.get(table) ?? [];
  const isCommon = there.every((owner) => owner === 'common') || readWhole.includes(table);
  const isWhole = !boundRoles.includes(role) || isCommon;
  const own: RowOwner[] = organisation === 'own' ? ['own'] : [];
  const all = isWhole ? there : own;
  const isKeyed = there.includes('canary');
  const written = isKeyed ? everyOwner : (['common'] as const);
  const allWritten = isWhole ? written : own;
  const isOwner = role === 'owner';
  const mayRead = !isOwner || table in ofTheOwner;
  const mayWrite = !isOwner || ofTheOwner[table] === 'writes';
  /** Where a role has no grant there is nothing to promise. */
  const asGranted = <T>(value: T | null, wanted: T) => (value === null ? null : wanted);
  return {
    ...fact,
    reads: asGranted(fact.reads, mayRead ? all : []),
    changes: asGranted(fact.changes, mayWrite ? all.length : 0),
    deletes: asGranted(fact.deletes, mayWrite ? all.length : 0),
    writes: asGranted(fact.writes, mayWrite ? allWritten : []),
    ...exceptions[`${role} ${table} ${organisation}`],
  };
}

/** Every promise that does not hold, in words. */
async function broken(table?: string): Promise<string[]> {
  const facts = await probe(admin, table === undefined ? undefined : [table]);
  const wrong = facts.flatMap((fact) => {
    const [found, wanted] = [fact, promised(fact)].map((one) => JSON.stringify(one));
    return found === wanted ? [] : [`${found}, not ${wanted}`];
  });
  const asked = statements.filter((each) => table === undefined || each.table === table);
  for (const { role, text, touches } of asked) {
    const done = await touch(role, text);
    if (done !== touches) wrong.push(`${role}: ${text} touches ${done}, not ${touches}`);
  }
  return wrong;
}

async function touch(role: PolicyRole, text: string): Promise<number | undefined> {
  await admin.query('savepoint statement');
  try {
    await admin.query(
      `set local role sotto_${role}; set local sotto.organisations = '{${rowOwners.own}}'`,
    );
    return (await admin.query(text)).rowCount ?? 0;
  } catch (error) {
    if (/row-level security/.test(String(error))) return undefined;
    throw error;
  } finally {
    await admin.query('rollback to savepoint statement');
  }
}

/** Runs work whose changes, of policies too, are taken back. */
async function undone<T>(work: () => Promise<T>): Promise<T> {
  await admin.query('begin');
  try {
    return await work();
  } finally {
    await admin.query('rollback');
  }
}

interface Policy {
  readonly name: string;
  readonly table: string;
  readonly command: string;
  readonly using: string | null;
  readonly check: string | null;
  /** As most do; the others only forbid. */
  readonly permits: boolean;
  /** Whether any of its roles may write a column that it looks at. */
  readonly guardsWrites: boolean;
}

async function policies(): Promise<Policy[]> {
  const { rows: found } = await admin.query<Policy>(
    `select p.policyname as name, p.tablename as "table", p.cmd as command, p.qual as using,
       p.with_check as check, p.permissive = 'PERMISSIVE' as permits,
       exists (select from pg_policy o
         join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = o.oid
           and d.refobjid = o.polrelid and d.refobjsubid > 0
         cross join unnest(p.roles) role, unnest(array['INSERT', 'UPDATE']) kind
         where o.polrelid = p.tablename::regclass and o.polname = p.policyname and p.cmd in ('ALL', kind)
           and has_column_privilege(role, o.polrelid, d.refobjsubid::int2, kind)) as "guardsWrites"
     from pg_policies p where p.schemaname = 'public' order by p.tablename, p.policyname`,
  );
  return found;
}

/** A policy taken away, made to let through what it stops, or given to everybody. */
function mutantsOf({
  name,
  table,
  command,
  using,
  check,
  permits,
  guardsWrites,
}: Policy): string[] {
  const on = `policy ${name} on ${table}`;
  const kept = check ?? using;
  const isWrite = command === 'ALL' || command === 'UPDATE' || command === 'INSERT';
  // Where rows are read whole, grants alone decide.
  const isApart = laid.get(table)?.includes('foreign') && !readWhole.includes(table);
  const letsAllThrough = permits && using === 'true' && isApart;
  return [
    `drop ${on}`,
    ...(using !== null && using !== 'true'
      ? [`alter ${on} using (true)${isWrite ? ` with check (${kept})` : ''}`]
      : []),
    ...(isWrite && kept !== 'true' && guardsWrites ? [`alter ${on} with check (true)`] : []),
    ...(letsAllThrough ? [`alter ${on} to public`] : []),
  ];
}

describe('the policies', () => {
  it('let each role come to the rows that it is promised, in every table', async () => {
    expect(await undone(() => broken())).toEqual([]);
  });

  it('are each missed when dropped, opened or given to everybody', async () => {
    const all = await policies();
    expect(all.length).toBeGreaterThan(100);
    const mutants = all.flatMap((policy) =>
      mutantsOf(policy).map((mutant) => ({ mutant, table: policy.table })),
    );
    expect(mutants.length).toBeGreaterThan(all.length);
    const unseen: string[] = [];
    for (const { mutant, table } of mutants) {
      const found = await undone(async () => {
        await admin.query(mutant);
        return broken(table);
      });
      if (found.length === 0) unseen.push(mutant);
    }
    // One that nobody misses serves nobody: take it away.
    expect(unseen).toEqual([]);
  });
});
