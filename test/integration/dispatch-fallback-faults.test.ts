import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import { createOutcomeRecorder } from '../../src/usecases/record-outcome.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { acceptedOutcome, type FakeTransport, fakeTransport } from '../support/fake-transport.ts';
import { createFaultPoint, type FaultMode, faultModes } from '../support/fault-point.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';

const count = 3;
let database: TestDatabase;
let phones: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

beforeAll(async () => {
  database = await createTestDatabase();
  phones = await startMessagesPeer();
  bench = createDispatchBench(database, phones);
});
afterAll(async () => {
  await phones.close();
  await database.drop();
});

async function start() {
  await database.admin.query('truncate organisations, batches cascade');
  phones.forget();
  phones.answer = () => 'bad_number';
  const organisationId = await database.createOrganisation();
  return bench.seed({ organisationId, count, channels: ['sms', 'email'] });
}

/** Nothing of a dead process is in the air any more. */
async function quiet(): Promise<void> {
  await waitFor(async () => {
    const before = phones.requests();
    const [busy] = await bench.rows(
      `select count(*)::int as count from pg_stat_activity
       where usename = 'sotto_worker' and datname = current_database() and state <> 'idle'`,
    );
    await wait(5);
    return busy?.count === 0 && phones.requests() === before;
  });
}

/** Sends by SMS, which is refused, then by email, in a process in which one step goes wrong. */
async function runWithFault(mails: FakeTransport, fault?: { at: number; mode: FaultMode }) {
  const seeded = await start();
  const point = createFaultPoint(fault);
  const faulty = point.database(bench.worker);
  const deps = bench.deps({
    database: faulty,
    recorder: createOutcomeRecorder({ database: faulty, log: silentLog, sleep: () => wait(1) }),
    transport: point.transport(bench.deps().transport),
    email: { transport: point.transport(mails) },
  });
  for (let round = 0; round < 2; round += 1) {
    const [batchId] = await bench.feed();
    const dispatched = bench.dispatchWith(deps, batchId ?? '').catch(() => {});
    await Promise.race([dispatched, point.died]);
    if (point.dead) break;
  }
  await quiet();
  const [open] = await bench.rows(
    `select count(*)::int as count from attempts where coalesce(outcome, 'uncertain') = 'uncertain'`,
  );
  await bench.passLeases();
  await bench.sweep();
  await bench.drain({ email: { transport: mails } });
  return { steps: point.steps(), hit: point.hit(), seeded, ambiguous: open?.count };
}

describe('whatever step a worker dies at, or gets an error from, between one channel and the other', () => {
  it.each(faultModes)('%s: each is sent once or is in doubt, and none is flagged', async (mode) => {
    const { steps } = await runWithFault(fakeTransport(acceptedOutcome));
    expect(steps).toBeGreaterThan(20);
    for (let at = 1; at <= steps; at += 1) {
      const mails = fakeTransport(acceptedOutcome);
      const { seeded, ambiguous, hit } = await runWithFault(mails, { at, mode });
      const rows = await bench.rows('select id, state, possible_duplicate from reminders');
      const byId = new Map(rows.map((row) => [row.id, row]));
      const told = `${mode} at step ${at}`;
      expect(phones.accepted, told).toEqual([]);
      for (const { id, email } of seeded) {
        const copies = mails.sends.filter(({ to }) => to === email).length;
        expect(copies, told).toBeLessThanOrEqual(1);
        expect(['sent', 'uncertain'], told).toContain(byId.get(id)?.state);
        if (byId.get(id)?.state === 'sent') expect(copies, told).toBe(1);
        expect(byId.get(id)?.possible_duplicate, told).toBe(false);
      }
      const uncertain = rows.filter(({ state }) => state === 'uncertain').length;
      expect(uncertain, told).toBe(ambiguous);
      if (mode.startsWith('error')) expect(uncertain, told).toBe(hit === 'send' ? 1 : 0);
    }
  });

  it.each(faultModes)('%s, while word comes that it was lost: it goes on once', async (mode) => {
    const lost = async (fault?: { at: number; mode: FaultMode }) => {
      await start();
      phones.answer = () => 'accept';
      await bench.drain();
      const point = createFaultPoint(fault);
      const tokens = (await bench.rows('select token from attempts')).map(({ token }) => token);
      const receipts = tokens.map((token) => ({
        token: token as Buffer,
        channel: 'sms' as const,
        providerId: `id-${(token as Buffer).toString('hex')}`,
        status: 'undelivered' as const,
      }));
      const hear = (worker: typeof bench.worker) =>
        recordDeliveryReceipts({ database: worker }, receipts);
      await Promise.race([hear(point.database(bench.worker)).catch(() => {}), point.died]);
      await quiet();
      // The provider, or the sealed callback that is left, says it again.
      await hear(bench.worker);
      return point.steps();
    };
    const steps = await lost();
    expect(steps).toBeGreaterThan(3);
    for (let at = 1; at <= steps; at += 1) {
      await lost({ at, mode });
      const mails = fakeTransport(acceptedOutcome);
      await bench.drain({ email: { transport: mails } });
      const told = `${mode} at step ${at}`;
      expect(mails.sends, told).toHaveLength(count);
      const rows = await bench.rows(
        'select distinct state, channel, possible_duplicate from reminders',
      );
      expect(rows, told).toEqual([{ state: 'sent', channel: 'email', possible_duplicate: true }]);
    }
  });
});
