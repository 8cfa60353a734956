import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import type { Database } from '../../src/store/database.ts';
import { createDeleteAppointment } from '../../src/usecases/delete-appointment.ts';
import {
  deleteProviderCopies,
  watchProviderCopies,
} from '../../src/usecases/delete-provider-copies.ts';
import type { Alarm } from '../../src/usecases/raise-alarms.ts';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import { providerDuties } from '../../workers/worker-duties.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  type BenchOverrides,
  createDispatchBench,
  lanes,
  silentLog,
} from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { unsignedErasures } from '../support/unsigned-erasures.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let api: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  api = database.open('api', 2);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  peer.forget();
  await database.admin.query('truncate organisations, batches, events cascade');
});

async function send(count = 1) {
  const organisationId = await database.createOrganisation();
  const seeded = await bench.seed({ organisationId, count, notAfterInMs: 7 * day });
  await bench.drain();
  return seeded;
}

const alarms: Alarm[] = [];
const onAlarm = (alarm: Alarm) => void alarms.push(alarm);
const remove = (overrides: BenchOverrides = {}) =>
  deleteProviderCopies({ database: bench.worker, onAlarm }, bench.deps(overrides));
const deleted = () => peer.accepted.filter(({ copy }) => copy.deleted).length;

async function receipt(status: 'sent' | 'delivered' | 'undelivered', place = 0): Promise<void> {
  const { attemptToken = '', providerId } = peer.accepted[place] ?? {};
  const token = Buffer.from(attemptToken, 'base64url');
  await recordDeliveryReceipts({ database: bench.worker }, [
    { token, channel: 'sms', providerId, status },
  ]);
}

describe('the provider’s copy of a message', () => {
  it.each(['delivered', 'undelivered'] as const)('is deleted once it is %s', async (status) => {
    await send(2);
    await receipt('sent');
    expect(await remove()).toBe(0);
    await receipt(status);
    expect(await remove()).toBe(1);
    expect(peer.accepted.map(({ copy }) => copy.deleted)).toEqual([true, false]);
    expect(await remove()).toBe(0);
    expect(peer.reads.removals).toBe(1);
  });

  it('is deleted a day after it was handed over, where nobody said what became of it', async () => {
    await send();
    await bench.turnClock(day - minute);
    expect(await remove()).toBe(0);
    await bench.turnClock(2 * minute);
    expect(await remove()).toBe(1);
    expect(deleted()).toBe(1);
  });

  it('that is gone already is done with', async () => {
    await send();
    await receipt('delivered');
    Object.assign(peer.accepted[0]?.copy ?? {}, { deleted: true });
    expect(await remove()).toBe(1);
  });

  it('that cannot be deleted yet loses its text, and is deleted later', async () => {
    await send();
    await receipt('delivered');
    peer.remove = () => 'not_final';
    expect(await remove()).toBe(0);
    expect(peer.accepted[0]?.copy).toMatchObject({ body: '', deleted: false });
    peer.remove = () => 'answer';
    expect(await remove(), 'not at once').toBe(0);
    await bench.turnClock(minute);
    expect(await remove()).toBe(1);
  });

  it('that cannot be deleted yet keeps back no other', async () => {
    const seeded = await send(24);
    for (const place of seeded.keys()) await receipt('delivered', place);
    const stubborn = new Set(peer.accepted.slice(0, 5).map(({ providerId }) => providerId));
    peer.remove = (providerId) => (stubborn.has(providerId) ? 'not_final' : 'answer');
    expect(await remove()).toBe(19);
  });

  it.each(['error_500', 'reset', 'hang'] as const)(
    'is owed while the provider answers %s, and asked for ever more seldom',
    async (how) => {
      await send();
      await receipt('delivered');
      peer.remove = () => how;
      for (let times = 0; times < 12; times += 1) {
        await remove({ timeoutMs: 100 });
        await bench.turnClock(10 * minute);
      }
      expect(peer.reads.removals).toBeGreaterThanOrEqual(6);
      expect(peer.reads.removals).toBeLessThan(12);
      peer.remove = () => 'answer';
      await bench.turnClock(60 * minute);
      expect(await remove()).toBe(1);
    },
  );

  it('is deleted, and missed, by duties that every worker has', async () => {
    await send();
    await receipt('delivered');
    const told: unknown[] = [];
    const duties = providerDuties({
      ...{ config: loadConfig({}), database: bench.worker, lanes, keys: fileKeyStore('/nowhere') },
      routeOf: bench.deps().routeOf,
      log: { ...silentLog, error: (_phrase, facts) => void told.push(facts) },
    });
    const run = (name: string) =>
      duties.find((duty) => duty.name === name)?.run(new AbortController().signal);
    peer.remove = () => 'error_500';
    await run('copies');
    expect([peer.reads.removals, deleted()]).toEqual([1, 0]);
    await bench.turnClock(61 * minute);
    await run('late-copies');
    expect(told).toEqual([{ code: 'provider_copies_overdue', count: 1 }]);
    peer.remove = () => 'answer';
    await run('copies');
    expect(deleted()).toBe(1);
  });

  it('raises the alarm when it has been owed for an hour', async () => {
    await send();
    await receipt('delivered');
    peer.remove = () => 'error_500';
    await remove();
    alarms.length = 0;
    const watch = () => watchProviderCopies({ database: bench.worker, onAlarm }, bench.deps());
    await bench.turnClock(59 * minute);
    await watch();
    expect(alarms).toEqual([]);
    await bench.turnClock(2 * minute);
    await watch();
    expect(alarms).toEqual([{ code: 'provider_copies_overdue', count: 1 }]);
  });

  it('is deleted once, though several workers look', async () => {
    const seeded = await send(20);
    for (const place of seeded.keys()) await receipt('delivered', place);
    await Promise.all([remove(), remove(), remove()]);
    expect(deleted()).toBe(20);
    expect(peer.reads.removals).toBe(20);
  });

  it('goes at once with an appointment that is erased', async () => {
    const [one] = await send();
    const journal = { append: async () => {} };
    await createDeleteAppointment({ database: api, journal, ...unsignedErasures })({
      ...{ organisationId: one?.organisationId ?? '', mode: 'live', erase: true },
      reference: `ref-${one?.appointmentId}`,
    });
    expect(await remove()).toBe(1);
  });

  it('of a send that was in doubt and is found goes too, and is not looked for any more', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1 });
    peer.answer = () => 'accept_then_reset';
    await bench.drain();
    Object.assign(peer.accepted[0]?.copy ?? {}, { status: 'delivered' });
    await bench.turnClock(minute);
    await bench.settle();
    expect(await remove()).toBe(1);
    expect(await bench.states()).toEqual({ delivered: 1 });
  });

  it('that nobody knew of is owed at once when it turns up after its day', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1, notAfterInMs: 7 * day });
    peer.answer = () => 'accept_then_reset';
    await bench.drain();
    await bench.turnClock(day + minute);
    expect(await remove()).toBe(0);
    // Whoever looks for what is owed comes by it no more.
    const [kept] = await bench.rows(`select copy_owed_at::text as owed_at from attempts`);
    expect(kept).toEqual({ owed_at: 'infinity' });
    await receipt('sent');
    expect(await remove()).toBe(1);
    expect(deleted()).toBe(1);
  });

  it('stays where it is to be kept', async () => {
    await send();
    await receipt('delivered');
    const { transport } = bench.deps();
    expect(await remove({ transport: { ...transport, copies: undefined } })).toBe(0);
    expect(deleted()).toBe(0);
  });
});
