import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { readEndOfEvents, readEvents } from '../../src/store/event-reads.ts';
import { maySend } from '../../src/store/lives.ts';
import { claimEndpoints } from '../../src/store/webhook-deliveries.ts';
import { createAdmission } from '../../src/usecases/admit-database.ts';
import { markHighWater } from '../../src/usecases/mark-high-water.ts';
import { createTestDatabase, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { copiesOf } from '../support/doubts.ts';
import { withDatabase } from '../support/global-setup.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { testServer } from '../support/test-server.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'sotto-test-restore-'));
const copyName = `test_copy_${process.pid}`;
const minute = 60_000;
let original: TestDatabase;
let copy: ReturnType<typeof openTestDatabase>;
let peer: MessagesPeer;

beforeAll(async () => {
  original = await createTestDatabase();
  peer = await startMessagesPeer();
});
afterAll(async () => {
  await peer.close();
  await copy?.close();
  await onServer(`drop database if exists ${copyName} with (force)`);
  await original.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: testServer().adminUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** What a process that keeps the database in use is refused; it comes back by itself. */
async function copyAside(): Promise<void> {
  const name = new URL(original.adminUrl.reveal()).pathname.slice(1);
  await onServer(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
  await onServer(`create database ${copyName} template ${name}`);
  const at = (url: Secret<string>) => new Secret(withDatabase(url.reveal(), copyName));
  copy = openTestDatabase({
    adminUrl: at(original.adminUrl),
    roleUrls: Object.fromEntries(
      Object.entries(original.roleUrls).map(([role, url]) => [role, at(url)]),
    ) as TestDatabase['roleUrls'],
  });
}

/** As on a server that has counted a billion transactions further than the one it is loaded into. */
const farAhead = `alter table events alter column transaction_id
  set default ((pg_current_xact_id()::text::bigint + 1000000000)::text::xid8)`;
const freshServer = `alter table events alter column transaction_id set default pg_current_xact_id()`;

function schedulerOf(database: ReturnType<typeof createDispatchBench>, journal: string) {
  const incidents: unknown[] = [];
  return {
    incidents,
    admit: createAdmission({
      ...{
        database: database.scheduler,
        journal: `file:${journal}`,
        log: silentLog,
        patienceMs: 0,
      },
      openIncident: async (incident) => void incidents.push(incident),
    }),
    mark: () =>
      markHighWater({
        ...{ database: database.scheduler, journal: `file:${journal}`, log: silentLog },
        openIncident: async () => {},
      }),
  };
}

describe('a database that was loaded from a dump, on another server', () => {
  it('sends nothing again unflagged, and its events and webhooks go on where readers are', async () => {
    const bench = createDispatchBench(original, peer);
    const { admit, mark } = schedulerOf(bench, folder);
    await original.admin.query(farAhead);
    await original.admin.query('update database_lives set transaction_shift = 1000000000');
    expect(await admit()).toBe(true);
    const organisationId = await original.createOrganisation();
    const owner = { organisationId, mode: 'live' } as const;
    await original.admin.query(
      `insert into webhook_endpoints (id, organisation_id, mode, url, after_transaction, after_id)
       values (gen_random_uuid(), $1, 'live', 'https://example.org', events_horizon(), 0)`,
      [organisationId],
    );
    const sent = await bench.seed({ organisationId, count: 4 });
    await mark();
    await copyAside();

    await bench.drain();
    expect(copiesOf(peer, sent)).toEqual([1, 1, 1, 1]);
    await mark();
    const cursor = await readEndOfEvents(original.open('api', 1));
    const { rows: ids } = await original.admin.query('select max(id)::int as newest from events');

    await copy.admin.query(freshServer);
    await copy.admin.query('update database_lives set transaction_shift = 0');
    const restored = createDispatchBench({ ...copy, drop: copy.close }, peer);
    const epoch = { epochPrivateKey: bench.deps().epochPrivateKey };
    const scheduler = schedulerOf(restored, folder);
    expect(await maySend(restored.worker)).toBe(false);
    await restored.drain(epoch);
    expect(copiesOf(peer, sent)).toEqual([1, 1, 1, 1]);

    expect(await scheduler.admit()).toBe(true);
    expect(scheduler.incidents).toHaveLength(1);
    expect(await restored.states()).toEqual({ uncertain: 4 });
    await scheduler.mark();
    for (const minutes of [1, 4, 10]) {
      await restored.turnClock(minutes * minute);
      await restored.settle(epoch);
    }
    expect(await restored.states()).toEqual({ sent: 4 });
    await restored.drain(epoch);
    expect(copiesOf(peer, sent)).toEqual([1, 1, 1, 1]);

    // Events are shown when no earlier transaction of the server can add any before them.
    await waitFor(async () => {
      const [row] = await restored.rows(
        'select events_horizon() > max(transaction_id) as shown from events',
      );
      return row?.shown === true;
    });
    const read = await readEvents(copy.open('api', 1), { ...owner, after: cursor, limit: 100 });
    const news = read === 'gone' ? [] : read;
    expect(news.map(({ type }) => type)).toEqual([
      ...Array(4).fill('reminder.uncertain'),
      ...Array(4).fill('reminder.sent'),
    ]);
    for (const { id } of news) expect(Number(id)).toBeGreaterThan(ids[0].newest);
    expect(await claimEndpoints(restored.scheduler, { countMax: 5, leaseMs: 1_000 })).toHaveLength(
      1,
    );

    // The other one, were it started too, is not sent from by whoever keeps this mark.
    expect(await schedulerOf(bench, folder).admit()).toBe(true);
    const pauses = await original.admin.query('select reason from pauses where ended_at is null');
    expect(pauses.rows).toHaveLength(1);
  }, 60_000);
});

describe('a mark', () => {
  it('that is missing, torn or cannot be written stops nobody for ever', async () => {
    const bench = createDispatchBench(original, peer);
    const elsewhere = join(folder, 'elsewhere');
    const scheduler = schedulerOf(bench, elsewhere);
    await scheduler.admit();
    await scheduler.mark();
    await original.admin.query(`update database_lives set run = 'an earlier start'`);
    writeFileSync(join(elsewhere, 'high-water-mark.json'), '{"life":');
    expect(await maySend(bench.worker)).toBe(false);
    expect(await scheduler.admit()).toBe(true);
    expect(await maySend(bench.worker)).toBe(true);
    await scheduler.mark();
    expect(JSON.parse(readFileSync(join(elsewhere, 'high-water-mark.json'), 'utf8'))).toMatchObject(
      {
        beat: expect.any(Number),
      },
    );
    expect(scheduler.incidents).toEqual([]);

    const blocked = schedulerOf(bench, join(elsewhere, 'high-water-mark.json'));
    await expect(blocked.mark()).rejects.toThrow();
    expect(await maySend(bench.worker)).toBe(true);
  });

  it('is left to a scheduler that can tell, by one that cannot', async () => {
    const bench = createDispatchBench(original, peer);
    const scheduler = schedulerOf(bench, join(folder, 'told'));
    await scheduler.mark();
    await original.admin.query(`update database_lives set run = 'an earlier start'`);
    const ignorant = createAdmission({
      ...{ database: bench.scheduler, journal: `file:${join(folder, 'empty')}`, log: silentLog },
      openIncident: async () => {},
    });
    expect(await ignorant()).toBe(false);
    expect(await maySend(bench.worker)).toBe(false);
    expect(await scheduler.admit()).toBe(true);
    expect(await ignorant()).toBe(true);
  });
});
