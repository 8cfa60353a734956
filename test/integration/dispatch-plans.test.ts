import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keptDaysMax } from '../../config/kept-days.ts';
import type { Connection, Database } from '../../src/store/database.ts';
import { type IntendedAttempt, loadQueuedBatch, writeIntents } from '../../src/store/dispatch.ts';
import { listDueOrganisations, lockDueReminders, queueBatches } from '../../src/store/feed.ts';
import { readLaneLoad } from '../../src/store/lane-load.ts';
import { lateOrMissed } from '../../src/store/late-reminders.ts';
import { listChangedAppointments, startOfWalk } from '../../src/store/ledger.ts';
import { type Acceptance, writeAccepted } from '../../src/store/outcomes.ts';
import { clearParcels } from '../../src/store/parcels.ts';
import { deleteShortLived, type ShortLived, shortLived } from '../../src/store/short-lived.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';

/** As many as one statement is given. */
const count = 400;
/** A step of a plan that compares each with each comes to 400 times as many. */
const rowsMax = 5 * count;
const lane = { channel: 'sms', mode: 'live' } as const;

let database: TestDatabase;
let peer: MessagesPeer;
let organisationId: string;
let bench: ReturnType<typeof createDispatchBench>;

beforeEach(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  organisationId = await database.createOrganisation();
  await bench.seed({ organisationId, count: 1 });
  await bench.drain();
});
afterEach(async () => {
  await peer.close();
  await database.drop();
});

interface Statement {
  readonly text: string;
  readonly values?: unknown[];
}
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Heap Fetches'?: number;
  readonly 'Index Cond'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs a statement, and says what each step of its plan did. */
async function stepsOf(
  connection: Connection,
  { text, values }: Statement,
): Promise<Omit<PlanNode, 'Plans'>[]> {
  const { rows } = await connection.query({
    text: `explain (analyze, buffers, format json) ${text}`,
    ...(values && { values }),
  });
  const steps = ({ Plans = [], ...node }: PlanNode): Omit<PlanNode, 'Plans'>[] => [
    node,
    ...Plans.flatMap(steps),
  ];
  return steps(rows[0]['QUERY PLAN'][0].Plan);
}

/** Likewise, how many rows each came to or looked at in vain. */
async function rowsOf(connection: Connection, statement: Statement): Promise<number[]> {
  return (await stepsOf(connection, statement)).map(rowsOfStep);
}

const rowsOfStep = (step: Omit<PlanNode, 'Plans'>) =>
  step['Actual Loops'] *
  (step['Actual Rows'] +
    (step['Rows Removed by Join Filter'] ?? 0) +
    (step['Rows Removed by Filter'] ?? 0));

/** An index sorts the array that it is searched with anew each time, which is each with each too. */
async function expectNoneWithEach(connection: Connection, statement: Statement | undefined) {
  const steps = await stepsOf(connection, statement as Statement);
  expect(Math.max(...steps.map(rowsOfStep))).toBeLessThan(rowsMax);
  const byArray = steps.filter((step) => step['Index Cond']?.includes('ANY'));
  expect(Math.max(0, ...byArray.map((step) => step['Actual Loops']))).toBeLessThanOrEqual(1);
}

/** What would be run, which answers nothing. */
async function statementOf(
  run: (connection: Connection) => Promise<unknown>,
): Promise<Statement | undefined> {
  const heard: Statement[] = [];
  const query = async (text: Statement | string) => {
    heard.push(typeof text === 'string' ? { text } : text);
    return { rows: [] };
  };
  await run({ query } as unknown as Connection);
  return heard[0];
}

/** What the planner has last counted. */
const days: readonly [string, boolean][] = [
  ['of a day with next to nothing', false],
  ['of this day', true],
];

it.each(days)('four hundred are compared none with each, by figures %s', async (_day, isNew) => {
  if (!isNew) await database.admin.query('vacuum analyze');
  await bench.seed({ organisationId, count });
  if (isNew) await database.admin.query('vacuum analyze');
  const due = {
    ...{ ...lane, countMax: count, lookAt: count },
    organisations: [{ id: organisationId, isChecked: false, firstDueAtMs: 0 }],
  };
  const lock = await statementOf((listening) => lockDueReminders(listening, due));
  const reminderIds = await bench.scheduler.transaction([], async (connection) => {
    await expectNoneWithEach(connection, lock);
    const ids = await lockDueReminders(connection, due);
    const batches = [{ id: randomUUID(), reminderIds: ids }];
    const queue = await statementOf((listening) =>
      queueBatches(listening, { ...{ ...lane, leaseMs: 60_000 }, batches }),
    );
    await expectNoneWithEach(connection, queue);
    return ids;
  });
  expect(reminderIds).toHaveLength(count);

  const accepted = await writeAllIntents();
  await bench.worker.transaction([], async (connection) => {
    const query = async (text: string, values: readonly unknown[] = []) => {
      await expectNoneWithEach(connection, { text, values: [...values] });
      return [];
    };
    await writeAccepted({ query }, accepted);
  });
  expect(await bench.states()).toEqual({ sent: count + 1 });
});

it.each(days)('a batch is read without the others in hand, by figures %s', async (_day, isNew) => {
  let rows: number[] = [];
  if (!isNew) await database.admin.query('vacuum analyze');
  await bench.seed({ organisationId, count });
  const [batchId = ''] = await bench.feed();
  if (isNew) await database.admin.query('vacuum analyze');
  expect(await bench.states()).toEqual({ queued: count, sent: 1 });
  const read = await bench.worker.transaction([], async (connection) => {
    let steps: Awaited<ReturnType<typeof stepsOf>> = [];
    const query = async (text: string, values: readonly unknown[] = []) => {
      steps = await stepsOf(connection, { text, values: [...values] });
      rows = await rowsOf(connection, { text, values: [...values] });
      return [];
    };
    await loadQueuedBatch({ query }, batchId);
    return steps;
  });
  expect(Math.max(...rows)).toBe(100);
  const found = read.find((step) => step['Index Name'] === 'reminders_lease');
  expect(found?.['Index Cond']).toMatch(/lease_until = .* AND .*batch_id = /);
});

it('what is due is told apart by an index alone, and what is over is found by one', async () => {
  await bench.seed({ organisationId, count });
  await database.admin.query(`insert into receipts (organisation_id, mode, issued_at, receipt_id)
    select organisation_id, mode, now(), id from reminders`);
  // Whoever is in a transaction meanwhile, as autovacuum may be, keeps pages from being plain to everybody.
  await waitFor(async () => {
    await database.admin.query('vacuum analyze');
    const { rows } = await database.admin.query(
      `select relallvisible = relpages as all from pg_class where oid = 'reminders'::regclass`,
    );
    return rows[0].all;
  });
  const due = await statementOf((listening) =>
    lockDueReminders(listening, {
      ...{ ...lane, countMax: count, lookAt: count },
      organisations: [{ id: organisationId, isChecked: false, firstDueAtMs: 0 }],
    }),
  );
  const receipts = shortLived(keptDaysMax).find(({ table }) => table === 'receipts');
  const over = await statementOf((listening) =>
    deleteShortLived(listening, receipts as ShortLived),
  );
  await bench.scheduler.transaction([], async (connection) => {
    expect(await stepsOf(connection, due as Statement)).toContainEqual(
      expect.objectContaining({
        ...{ 'Node Type': 'Index Only Scan', 'Index Name': 'reminders_due' },
        ...{ 'Actual Rows': count, 'Heap Fetches': 0 },
      }),
    );
    expect(Math.max(...(await rowsOf(connection, over as Statement)))).toBe(0);
  });
});

it('what was taken and sent is gone through neither for what is due next nor for what is in hand', async () => {
  await bench.seed({ organisationId, count });
  await bench.feed(count / 2);
  const { organisations } = await bench.scheduler.transaction([], (connection) =>
    listDueOrganisations(connection, { ...lane, after: startOfWalk, countMax: count }),
  );
  const lock = await statementOf((listening) =>
    lockDueReminders(listening, { ...lane, organisations, countMax: count, lookAt: count }),
  );
  const wanted = { ...lane, windowMs: 10_000, countMax: count, leaseMs: 60_000 };
  const counted = await bench.scheduler.transaction([], (connection) =>
    readLaneLoad(connection, wanted),
  );
  const { firstLeaseUntilMs: leasesFromMs } = counted;
  const load = await statementOf((listening) =>
    readLaneLoad(listening, { ...wanted, leasesFromMs }),
  );
  await bench.scheduler.transaction([], async (connection) => {
    await connection.query('set local enable_seqscan = off');
    const due = (await stepsOf(connection, lock as Statement)).filter(
      (step) => step['Index Name'] === 'reminders_due',
    );
    expect(due).toEqual([
      expect.objectContaining({ 'Index Cond': expect.stringMatching(/due_at >= to_timestamp/) }),
    ]);
    expect(
      await lockDueReminders(connection, {
        ...lane,
        organisations,
        countMax: count,
        lookAt: count,
      }),
    ).toHaveLength(count / 2);
    expect(await stepsOf(connection, load as Statement)).toContainEqual(
      expect.objectContaining({
        'Index Name': 'reminders_lease',
        'Index Cond': expect.stringMatching(/lease_until >= /),
      }),
    );
    const again = await readLaneLoad(connection, { ...wanted, leasesFromMs });
    expect(again.outstanding).toBe(counted.outstanding);
    expect(again.waiting).toBe(counted.waiting);
  });
});

it('what is late is found without what is to be sent later', async () => {
  await bench.seed({ organisationId, count, dueInMs: 60_000 });
  await bench.seed({ organisationId, count: 2, dueInMs: 30_000 });
  await database.admin.query(
    `update reminders set send_at = case when due_at < now() + interval '45 seconds'
       then now() - interval '1 hour' else due_at end where state = 'scheduled'`,
  );
  await database.admin.query('vacuum analyze');
  await bench.scheduler.transaction([], async (connection) => {
    const late = await stepsOf(connection, { text: `select * from (${lateOrMissed(count)}) w` });
    expect(late[0]?.['Actual Rows']).toBe(2);
    expect(Math.max(...late.map(rowsOfStep))).toBeLessThan(20);
    expect(late.map((step) => step['Index Name'])).toContain('reminders_put_off');
  });
});

it('no step reads an appointment, but for a reminder that has no reference with it', async () => {
  const [first, second] = await bench.seed({ organisationId, count: 2 });
  await database.admin.query(`update reminders set reference = 'visit-' || id`);
  const batchId = await bench.scheduler.transaction([], async (connection) => {
    const before = await appointmentsRead(connection);
    const reminderIds = await lockDueReminders(connection, {
      ...{ ...lane, countMax: count, lookAt: count },
      organisations: [{ id: organisationId, isChecked: false, firstDueAtMs: 0 }],
    });
    const id = randomUUID();
    const batches = [{ id, reminderIds }];
    await queueBatches(connection, { ...{ ...lane, leaseMs: 60_000 }, batches });
    expect(await appointmentsRead(connection)).toBe(before);
    return id;
  });
  await database.admin.query('update reminders set reference = null where id = $1', [second?.id]);

  const attempts = await openedOf(batchId);
  const readsOne = (step: (database: Pick<Database, 'query'>) => Promise<unknown>) =>
    bench.worker.transaction([], async (connection) => {
      const before = await appointmentsRead(connection);
      const query = async (text: string, values: readonly unknown[] = []) =>
        (await connection.query(text, [...values])).rows as never;
      await step({ query });
      expect(await appointmentsRead(connection)).toBe(before + 1);
    });
  const transaction = () => Promise.reject(new Error('one was held back'));
  await readsOne((one) =>
    writeIntents({ ...one, transaction }, { batchId, transport: 'fake', attempts }),
  );
  await readsOne((one) => writeAccepted(one, attempts));
  const told = await bench.rows(
    `select to_state, reference from events where reminder_id in ('${first?.id}', '${second?.id}')`,
  );
  const all = ['queued', 'sending', 'sent'].flatMap((state) => [
    { to_state: state, reference: `visit-${first?.id}` },
    {
      ...{ to_state: state },
      reference: state === 'queued' ? `visit-${second?.id}` : `ref-${second?.appointmentId}`,
    },
  ]);
  expect(told).toHaveLength(all.length);
  expect(told).toEqual(expect.arrayContaining(all));
});

it.each(days)(
  'what may be emptied is found without all that is still to be sent, by figures %s',
  async (_day, isNew) => {
    if (!isNew) await database.admin.query('vacuum analyze');
    await bench.seed({ organisationId, count });
    await database.admin.query(
      `update attempts set ended_at = ended_at - interval '61 minutes';
     update reminders set sent_at = sent_at - interval '61 minutes'`,
    );
    if (isNew) await database.admin.query('vacuum analyze');
    const clear = await statementOf((listening) =>
      clearParcels(listening, {
        ...{ graceMs: 3_600_000, now: Temporal.Now.instant() },
        ofToday: { endedWithinMs: 120_000 },
      }),
    );
    await bench.worker.transaction([], async (connection) => {
      // A summary of pages says ten for each that it leads to.
      expect(Math.max(...(await rowsOf(connection, clear as Statement)))).toBeLessThanOrEqual(10);
      const { rows } = await connection.query('select from links where parcel is not null');
      expect(rows).toHaveLength(count);
    });
  },
);

it('what the last proof of the books did not see is found without all events before', async () => {
  await database.admin.query(
    `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id)
     select organisation_id, mode, type, reference, appointment_id, reminder_id
     from (select * from events where reminder_id is not null limit 1) e, generate_series(1, 20000)`,
  );
  await database.admin.query('vacuum analyze');
  const provedAt = Temporal.Now.instant().add({ hours: 1 }).toString();
  const changed = await statementOf((listening) =>
    listChangedAppointments(listening, {
      since: { provedAt, provedUntil: '0', walkedTo: startOfWalk },
      ...{ after: undefined, limit: count },
    }),
  );
  const [top] = await bench.scheduler.transaction([], (connection) =>
    stepsOf(connection, changed as Statement),
  );
  expect(top).toMatchObject({ 'Actual Rows': 0 });
  // Its index alone has over a hundred pages.
  expect(top?.['Shared Hit Blocks']).toBeLessThan(20);
});

/** By this connection lately, by index or without. */
async function appointmentsRead(connection: Connection): Promise<number> {
  const { rows } = await connection.query(
    `select (coalesce(idx_tup_fetch, 0) + seq_tup_read)::int as read from pg_stat_xact_user_tables
     where relname = 'appointments'`,
  );
  return rows[0]?.read;
}

async function writeAllIntents(): Promise<Acceptance[]> {
  const [row] = await bench.rows(`select batch_id from reminders where state = 'queued' limit 1`);
  const batchId = String(row?.batch_id);
  const attempts = await openedOf(batchId);
  await writeIntents(bench.worker, { batchId, transport: 'fake', attempts });
  return attempts.map(({ attemptId, reminderId }) => ({ attemptId, reminderId }));
}

async function openedOf(batchId: string): Promise<IntendedAttempt[]> {
  return (await loadQueuedBatch(bench.worker, batchId)).flatMap(({ reminderId, link }) =>
    link
      ? [
          {
            ...{ attemptId: randomUUID(), token: randomBytes(16), selector: 'a' },
            ...{ reminderId, linkId: link.id, lookup: link.lookup },
          },
        ]
      : [],
  );
}
