import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createBells } from '../../src/queue/bells.ts';
import { type BellListener, listenForBells } from '../../workers/runner.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { createTestedQueue, type TestedQueue } from '../support/tested-queue.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let queue: TestedQueue;
const open: { close(waitMs: number): Promise<void> }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  queue = await createTestedQueue(database);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close(3_000)));
});
afterAll(async () => {
  await queue.stop();
  await database.drop();
});

function bells() {
  const made = createBells({ url: queue.urlFor('scheduler'), log: silentLog });
  open.push(made);
  return made;
}

function listen(onBatch: (batchId: string) => Promise<void>): BellListener {
  const listener = listenForBells({
    url: queue.urlFor('worker'),
    concurrency: 4,
    onBatch,
    log: silentLog,
  });
  open.push(listener);
  return listener;
}

describe('bells', () => {
  it('wake a worker with the id of a batch and leave nothing behind', async () => {
    const heard: string[] = [];
    listen(async (batchId) => void heard.push(batchId));
    const batchIds = Array.from({ length: 20 }, () => randomUUID());
    const { ring } = bells();
    for (const batchId of batchIds) ring(batchId);

    await waitFor(() => heard.length === 20);
    expect(heard.sort()).toEqual([...batchIds].sort());
    await waitFor(async () => (await queue.jobs()).length === 0);
  });

  it('hold a version and the id of a batch, and nothing else', async () => {
    const batchId = randomUUID();
    bells().ring(batchId);
    await waitFor(async () => (await queue.jobs()).length > 0);
    expect(await queue.jobs()).toEqual([{ id: batchId, data: { v: 1, batch: batchId } }]);
    await queue.empty();
  });

  it('that ring twice for one waiting batch are one', async () => {
    const batchId = randomUUID();
    const { ring } = bells();
    ring(batchId);
    ring(batchId);
    await waitFor(async () => (await queue.jobs()).length > 0);
    const heard: string[] = [];
    listen(async (heardId) => void heard.push(heardId));
    await waitFor(async () => (await queue.jobs()).length === 0);
    expect(heard).toEqual([batchId]);
  });

  it('whose batch fails or that name none are dropped, and the next one is heard', async () => {
    const heard: string[] = [];
    listen(async (batchId) => {
      heard.push(batchId);
      throw new Error('the database is away');
    });
    const first = randomUUID();
    bells().ring(first);
    await waitFor(() => heard.includes(first));
    await queue.addStranger({ v: 1, batch: 'nothing', to: '+33600000000' });
    const last = randomUUID();
    bells().ring(last);
    await waitFor(() => heard.includes(last));
    expect(heard).toEqual([first, last]);
    await waitFor(async () => (await queue.jobs()).length === 0);
  });

  it('use at most four connections to PostgreSQL in a process, and none beside Redis', async () => {
    let heard = 0;
    listen(async () => {
      heard += 1;
    });
    const { ring } = bells();
    for (let count = 0; count < 50; count += 1) ring(randomUUID());
    await waitFor(() => heard === 50);
    const { rows } = await database.admin.query(
      `select usename, count(*)::int as count from pg_stat_activity
       where datname = current_database() and usename in ('sotto_worker', 'sotto_scheduler') group by 1`,
    );
    for (const { count } of rows) expect(count).toBeLessThanOrEqual(4);
    expect(rows).toHaveLength(queue.kind === 'redis' ? 0 : 2);
  });

  it('never end or stop a scheduler whose queue is away', async () => {
    const url = new URL(queue.urlFor('scheduler').reveal());
    url.username = 'stranger';
    url.password = 'wrong';
    const lost: string[] = [];
    const { ring, close } = createBells({
      url: new Secret(url.href),
      log: { ...silentLog, warn: (phrase) => void lost.push(phrase) },
    });
    ring(randomUUID());
    await waitFor(() => lost.includes('a bell was lost'));
    await close();
  });
});

describe('a queue that goes away and comes back', () => {
  it('is heard again by the same listener, and rung by the same bells', async () => {
    const heard: string[] = [];
    listen(async (batchId) => void heard.push(batchId));
    const { ring } = bells();
    const ringUntilHeard = () =>
      waitFor(async () => {
        const batchId = randomUUID();
        ring(batchId);
        await wait(100);
        return heard.includes(batchId);
      });
    await ringUntilHeard();
    await queue.cut();
    await ringUntilHeard();
    await queue.goAway();
    ring(randomUUID());
    await wait(300);
    await queue.comeBack();
    await ringUntilHeard();
  });

  it('was not there when both started', async () => {
    await queue.goAway();
    const heard: string[] = [];
    listen(async (batchId) => void heard.push(batchId));
    const { ring } = bells();
    ring(randomUUID());
    // A listener that spins would keep this process from ever coming here.
    await wait(500);
    await queue.comeBack();
    await waitFor(async () => {
      ring(randomUUID());
      await wait(100);
      return heard.length > 0;
    });
  });
});
