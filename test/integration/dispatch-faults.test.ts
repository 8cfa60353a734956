import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import type { Database } from '../../src/store/database.ts';
import { createOutcomeRecorder } from '../../src/usecases/record-outcome.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { copiesOf } from '../support/doubts.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { createFaultPoint, type FaultMode, faultModes } from '../support/fault-point.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';

const count = 3;
let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
beforeEach(() => peer.forget());

/** Dispatches one batch in a process in which one step goes wrong, then lets healthy ones go on. */
async function runWithFault(fault?: { at: number; mode: FaultMode }) {
  await database.admin.query('truncate organisations, batches cascade');
  peer.forget();
  const organisationId = await database.createOrganisation();
  const seeded = await bench.seed({ organisationId, count });
  const [batchId] = await bench.feed();
  if (!batchId) throw new Error('nothing was fed');

  const point = createFaultPoint(fault);
  const faulty = point.database(bench.worker);
  const deps = bench.deps({
    database: faulty,
    recorder: createOutcomeRecorder({ database: faulty, log: silentLog, sleep: () => wait(1) }),
    transport: point.transport(bench.deps().transport),
  });
  const dispatched = bench.dispatchWith(deps, batchId).catch(() => {});
  await Promise.race([dispatched, point.died]);
  await quiet(point);

  const [open] = await bench.rows(
    `select count(*)::int as count from attempts where coalesce(outcome, 'uncertain') = 'uncertain'`,
  );
  await bench.passLeases();
  await bench.sweep();
  await bench.drain();
  return { steps: point.steps(), hit: point.hit(), seeded, ambiguous: open?.count };
}

/** Nothing of a dead process is in the air any more: what had left it has arrived. */
async function quiet(point: { begun: () => number }): Promise<void> {
  await waitFor(async () => {
    if (point.begun() > 0) return false;
    const before = peer.requests();
    const [busy] = await bench.rows(
      `select count(*)::int as count from pg_stat_activity
       where usename = 'sotto_worker' and datname = current_database() and state <> 'idle'`,
    );
    await wait(5);
    return busy?.count === 0 && peer.requests() === before;
  });
}

async function copiesByPhone(): Promise<Map<string, number>> {
  const copies = new Map<string, number>();
  for (const { to } of peer.accepted) copies.set(to, (copies.get(to) ?? 0) + 1);
  return copies;
}

describe('whatever step a worker dies at, or gets an error from', () => {
  it.each(faultModes)(
    '%s: nothing is lost, nothing is doubled, and only what is in doubt is uncertain',
    async (mode) => {
      const { steps } = await runWithFault();
      expect(steps).toBeGreaterThan(5);
      for (let at = 1; at <= steps; at += 1) {
        const { seeded, ambiguous, hit } = await runWithFault({ at, mode });
        const copies = await copiesByPhone();
        const rows = await bench.rows('select id, state, possibly_sent from reminders');
        const states = new Map(rows.map(({ id, state }) => [id, state]));
        const told = `${mode} at step ${at}`;
        for (const { id, phone } of seeded) {
          expect(copies.get(phone) ?? 0, told).toBeLessThanOrEqual(1);
          expect(['sent', 'uncertain'], told).toContain(states.get(id));
          if (states.get(id) === 'sent') expect(copies.get(phone), told).toBe(1);
        }
        const uncertain = rows.filter(({ state }) => state === 'uncertain').length;
        expect(uncertain, told).toBe(ambiguous);
        // An error is no death: all that was known is stored, and only a send's own is in doubt.
        if (mode.startsWith('error')) expect(uncertain, told).toBe(hit === 'send' ? 1 : 0);
      }
    },
  );
});

describe('an intent whose commit is under way when its connection is lost', () => {
  it('is known not to have been sent, once the commit has gone through', async () => {
    await database.admin.query('truncate organisations, batches cascade');
    await bench.seed({ organisationId: await database.createOrganisation(), count: 4 });
    const [batchId] = await bench.feed();
    const committed = Promise.withResolvers<void>();
    let lost = false;
    const losing: Database = {
      ...bench.worker,
      async query(text, values = [], name) {
        if (lost || name !== 'write intents') return bench.worker.query(text, values, name);
        lost = true;
        const worked = Promise.withResolvers<void>();
        bench.worker
          .transaction([], async (connection) => {
            await connection.query(text, [...values]);
            worked.resolve();
            // The commit is as slow as it takes for somebody to wait for its rows.
            await waitFor(isSomebodyWaiting, 5_000, 10).catch(() => {});
          })
          .then(committed.resolve, committed.reject);
        await worked.promise;
        throw new AppError('unavailable');
      },
    };
    await bench.dispatch(batchId ?? '', { database: losing });
    await committed.promise;
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ scheduled: 4 });
    expect(await bench.rows('select distinct outcome, reason_code from attempts')).toEqual([
      { outcome: 'refused', reason_code: 'not_started' },
    ]);
    await bench.drain();
    expect(await bench.states()).toEqual({ sent: 4 });
  });

  it('is known not to have been sent also where it goes through later than anybody waits for it', async () => {
    await database.admin.query('truncate organisations, batches cascade');
    await bench.seed({ organisationId: await database.createOrganisation(), count: 4 });
    const [batchId] = await bench.feed();
    const given = Promise.withResolvers<void>();
    const committed = Promise.withResolvers<void>();
    let isWaitedFor = false;
    const losing: Database = {
      ...bench.worker,
      async query(text, values = [], name) {
        if (name !== 'write intents') return bench.worker.query(text, values, name);
        const worked = Promise.withResolvers<void>();
        bench.worker
          .transaction([], async (connection) => {
            await connection.query(text, [...values]);
            worked.resolve();
            await given.promise;
          })
          .then(committed.resolve, committed.reject);
        await worked.promise;
        throw new AppError('unavailable');
      },
      transaction(...work) {
        if (isWaitedFor) return bench.worker.transaction(...work);
        isWaitedFor = true;
        return Promise.reject(new AppError('unavailable'));
      },
    };
    const made = bench.deps({ database: losing });
    await bench.dispatchWith(made, batchId ?? '');
    expect(await bench.states()).toEqual({ queued: 4 });
    // Meanwhile its lease may be over, and it looks as if a process had died in it.
    given.resolve();
    await committed.promise;
    await bench.passLeases();
    await bench.sweep();
    await made.recorder.idle();
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ scheduled: 4 });
    await bench.drain();
    expect(await bench.states()).toEqual({ sent: 4 });
  });

  it.each([
    ['with it', ['write intents'], ['intents could not be written']],
    ['only then', [], ['revoked keys could not be looked up']],
  ])('is blamed on no key, where keys cannot be looked up %s', async (_, alsoLost, expected) => {
    await database.admin.query('truncate organisations, batches cascade');
    await bench.seed({ organisationId: await database.createOrganisation(), count: 4 });
    const [batchId] = await bench.feed();
    const lost = [...alsoLost, 'find revoked selectors'];
    const away: Database = {
      ...bench.worker,
      async query(text, values, name) {
        if (lost.includes(name ?? '')) throw new AppError('unavailable');
        return bench.worker.query(text, values, name);
      },
    };
    const lines: string[] = [];
    const log = { ...silentLog, warn: (line: string) => void lines.push(line) };
    await database.admin.query(`insert into revoked_selectors values ('a')`);
    try {
      await bench.dispatch(batchId ?? '', { database: away, log });
    } finally {
      await database.admin.query('truncate revoked_selectors');
    }
    expect(lines).toEqual(expected);
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ scheduled: 4 });
  });

  async function isSomebodyWaiting(): Promise<boolean> {
    const [row] = await bench.rows(
      `select count(*)::int as count from pg_stat_activity
       where wait_event_type = 'Lock' and usename = 'sotto_worker' and datname = current_database()`,
    );
    return row?.count !== 0;
  }
});

describe('an outcome that is known', () => {
  it('is stored when the database is back, however long that takes', async () => {
    await database.admin.query('truncate organisations, batches cascade');
    await bench.seed({ organisationId: await database.createOrganisation(), count: 20 });
    const [batchId] = await bench.feed();
    let away = false;
    let refused = 0;
    const refuseForAWhile = () => {
      if (!away || refused >= 12) return;
      refused += 1;
      throw new AppError('unavailable');
    };
    const flaky: Database = {
      ...bench.worker,
      async query(...given) {
        refuseForAWhile();
        return bench.worker.query(...given);
      },
      async transaction(...given) {
        refuseForAWhile();
        return bench.worker.transaction(...given);
      },
    };
    const recorder = createOutcomeRecorder({
      database: flaky,
      log: silentLog,
      sleep: () => wait(1),
    });
    const transport = fakeTransport(() => {
      away = true;
      return acceptedOutcome();
    });
    await bench.dispatch(batchId ?? '', { recorder, transport });
    expect(refused).toBe(12);
    expect(recorder.pending()).toBe(0);
    expect(await bench.states()).toEqual({ sent: 20 });
  });

  it('and cannot be stored keeps back no other, and is not forgotten', async () => {
    await database.admin.query('truncate organisations, batches cascade');
    const [bad] = await bench.seed({
      organisationId: await database.createOrganisation(),
      count: 10,
    });
    await database.admin.query(`create function refuse() returns trigger language plpgsql as $$
      begin raise exception 'no'; end $$`);
    await database.admin.query(`create trigger refuse before update on reminders for each row
      when (new.id = '${bad?.id}' and new.state = 'sent') execute function refuse()`);
    const [batchId] = await bench.feed();
    const recorder = createOutcomeRecorder({
      database: bench.worker,
      log: silentLog,
      sleep: () => wait(1),
    });
    // It does not hold its batch either: a few such rows would be all that a worker is at.
    await bench.dispatch(batchId ?? '', { recorder });
    expect(await bench.states()).toEqual({ sending: 1, sent: 9 });
    expect(recorder.pending()).toBe(1);
    await database.admin.query('drop function refuse cascade');
    await recorder.idle();
    expect(await bench.states()).toEqual({ sent: 10 });
  });
});

describe('a worker that was frozen', () => {
  it('ends nothing that has time left by the database’s clock, and sends nothing too late', async () => {
    await database.admin.query('truncate organisations, batches cascade');
    const notAfterInMs = 75_000;
    const organisationId = await database.createOrganisation();
    const seeded = await bench.seed({ organisationId, count: 4, notAfterInMs });
    const [batchId] = await bench.feed();
    // Asked before and after its batch was loaded: the answer came late.
    const asked = [0, 16_000];
    const late = { monotonicMs: () => performance.now() + (asked.shift() ?? 16_000) };
    await bench.dispatch(batchId ?? '', late);
    expect(await bench.states()).toEqual({ scheduled: 4 });
    await bench.drain();
    expect(copiesOf(peer, seeded)).toEqual([1, 1, 1, 1]);
  });

  it('between intent and send does not send after its deadline, and says that it did not', async () => {
    await database.admin.query('truncate organisations, batches cascade');
    await bench.seed({ organisationId: await database.createOrganisation(), count: 4 });
    const [batchId] = await bench.feed();
    let frozenMs = 0;
    const thawed: Database = {
      ...bench.worker,
      async query<Row extends object>(text: string, values?: readonly unknown[], name?: string) {
        const rows = await bench.worker.query<Row>(text, values, name);
        if (name === 'write intents') frozenMs = 41_000;
        return rows;
      },
    };
    await bench.dispatch(batchId ?? '', {
      database: thawed,
      recorder: createOutcomeRecorder({ database: bench.worker, log: silentLog }),
      monotonicMs: () => performance.now() + frozenMs,
    });
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ scheduled: 4 });
    expect(await bench.rows('select distinct outcome, reason_code from attempts')).toEqual([
      { outcome: 'refused', reason_code: 'not_started' },
    ]);
  });
});
