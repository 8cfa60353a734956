import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import { createOutcomeRecorder } from '../../src/usecases/record-outcome.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { fakeTransport } from '../support/fake-transport.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let attemptId: string;
let reminderId: string;
let token: Buffer;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  await database.admin.query('truncate organisations, batches, events cascade');
  await bench.seed({ organisationId: await database.createOrganisation(), count: 1 });
  const transport = fakeTransport(() => ({ kind: 'uncertain', reason: 'timeout' }));
  await bench.drain({ transport });
  const [attempt] = await bench.rows('select id, reminder_id, token from attempts');
  attemptId = attempt?.id as string;
  reminderId = attempt?.reminder_id as string;
  token = attempt?.token as Buffer;
});

/**
 * Does it while a PUT has locked the appointment and is about to lock its reminders. Work that waits
 * for the appointment would hold a reminder meanwhile: a deadlock, or a PUT that is told `busy`.
 */
async function whileAppointmentIsLocked(work: () => Promise<unknown>): Promise<void> {
  const put = await database.admin.connect();
  const putPid = (await put.query('select pg_backend_pid() as pid')).rows[0].pid;
  let isBlocked = false;
  const watch = setInterval(async () => {
    const [waiting] = await bench.rows(
      'select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))',
      [putPid],
    );
    if (!waiting) return;
    isBlocked = true;
    await put.query('rollback');
  }, 20);
  try {
    await put.query('begin');
    await put.query('select id from appointments for update');
    await work();
  } finally {
    clearInterval(watch);
    await put.query('rollback');
    put.release();
  }
  expect(isBlocked).toBe(false);
}

describe('two words about one reminder that come together wait for no PUT of its appointment', () => {
  it('as receipts', async () => {
    await whileAppointmentIsLocked(() =>
      recordDeliveryReceipts({ database: bench.worker }, [
        { token, channel: 'sms', status: 'sent' },
        { token, channel: 'sms', status: 'delivered' },
      ]),
    );
    expect(await bench.states()).toEqual({ delivered: 1 });
  });

  it('as outcomes of sends', async () => {
    const recorder = createOutcomeRecorder({ database: bench.worker, log: silentLog });
    const refused = { kind: 'refused', permanent: false, reason: 'rate_limited' } as const;
    await whileAppointmentIsLocked(() =>
      Promise.all([
        recorder.record({ attemptId, reminderId, outcome: refused }),
        recorder.record({
          attemptId,
          reminderId,
          outcome: { kind: 'accepted', providerId: 'it came late' },
        }),
      ]),
    );
    expect(await bench.states()).toEqual({ sent: 1 });
  });
});
