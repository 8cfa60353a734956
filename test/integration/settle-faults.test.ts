import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { deleteProviderCopies } from '../../src/usecases/delete-provider-copies.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { balancedBooks, copiesOf } from '../support/doubts.ts';
import { createFaultPoint, type FaultMode, faultModes } from '../support/fault-point.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';

const minute = 60_000;
let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let ops: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  ops = database.open('ops', 1);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
beforeEach(() => peer.forget());

async function begin(answer: 'accept' | 'accept_then_reset' | 'error_500') {
  await database.admin.query('truncate organisations, batches, events cascade');
  peer.forget();
  const seeded = await bench.seed({
    organisationId: await database.createOrganisation(),
    count: 2,
  });
  peer.answer = () => answer;
  await bench.drain();
  peer.answer = () => 'accept';
  return seeded;
}

/** Runs one duty in a process in which one step goes wrong. */
async function runFaulty(
  fault: { at: number; mode: FaultMode } | undefined,
  duty: (deps: ReturnType<typeof bench.deps>) => Promise<unknown>,
): Promise<number> {
  const point = createFaultPoint(fault);
  const transport = point.transport(bench.deps().transport);
  const deps = bench.deps({ database: point.database(bench.worker), transport });
  await Promise.race([duty(deps).catch(() => {}), point.died]);
  await quiet();
  return point.steps();
}

/** Nothing of a dead process is in the air any more. */
async function quiet(): Promise<void> {
  await waitFor(
    async () => {
      await wait(2);
      const [busy] = await bench.rows(
        `select count(*)::int as count from pg_stat_activity
         where usename = 'sotto_worker' and datname = current_database() and state <> 'idle'`,
      );
      return busy?.count === 0;
    },
    10_000,
    2,
  );
}

describe.each(faultModes)('whatever step a settling worker meets %s at', (mode) => {
  it('what the provider has is sent, once and unflagged', async () => {
    await forEachStep(mode, 'accept_then_reset', async (told, seeded) => {
      expect(copiesOf(peer, seeded), told).toEqual([1, 1]);
      expect(await flags(), told).toEqual([{ state: 'sent', flagged: false, count: 2 }]);
      expect(await balancedBooks(ops), told).toMatchObject({ made: 2, sent: 2 });
    });
  });

  it('what it does not have is sent once more, flagged', async () => {
    await forEachStep(mode, 'error_500', async (told, seeded) => {
      expect(copiesOf(peer, seeded), told).toEqual([1, 1]);
      expect(await flags(), told).toEqual([{ state: 'sent', flagged: true, count: 2 }]);
      expect(await balancedBooks(ops), told).toMatchObject({ made: 2, resent: 2 });
    });
  });
});

async function forEachStep(
  mode: FaultMode,
  answer: 'accept_then_reset' | 'error_500',
  check: (told: string, seeded: Awaited<ReturnType<typeof begin>>) => Promise<void>,
): Promise<void> {
  for (let at = 1, steps = 1; at <= steps; at += 1) {
    const seeded = await begin(answer);
    await bench.turnClock(15 * minute);
    steps = await runFaulty({ at, mode }, (deps) => bench.settleWith(deps));
    expect(steps).toBeGreaterThan(0);
    // Healthy ones go on: at once, and when the lease of the dead has passed.
    for (const minutes of [0, 2, 15]) {
      await bench.turnClock(minutes * minute);
      await bench.settle();
      await bench.drain();
    }
    await check(`${mode} at step ${at} of ${steps}`, seeded);
  }
}

const flags = () =>
  bench.rows(
    `select state, possible_duplicate as flagged, count(*)::int as count from reminders group by 1, 2`,
  );

describe.each(faultModes)('whatever step a worker that deletes copies meets %s at', (mode) => {
  it('both are deleted in the end, and the phones keep theirs', async () => {
    for (let at = 1, steps = 1; at <= steps; at += 1) {
      await begin('accept');
      await database.admin.query('update attempts set copy_owed_at = now()');
      const remove = (deps: ReturnType<typeof bench.deps>) =>
        deleteProviderCopies({ database: deps.database, onAlarm: () => {} }, deps);
      steps = await runFaulty({ at, mode }, (deps) => remove(deps as never));
      expect(steps).toBeGreaterThan(0);
      await bench.turnClock(2 * minute);
      await remove(bench.deps());
      const told = `${mode} at step ${at} of ${steps}`;
      expect(
        peer.accepted.map(({ copy }) => copy.deleted),
        told,
      ).toEqual([true, true]);
      expect(await bench.rows('select from attempts where copy_gone_at is null'), told).toEqual([]);
    }
  });
});
