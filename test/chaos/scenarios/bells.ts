import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import { queueBackend, queueName } from '../../../src/queue/queue-backend.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { Scenario, Scene } from '../scenario.ts';

/** Shapes that no bell has, as an older, a newer or a stranger's program might leave them. */
const noBells: readonly object[] = [
  {},
  { v: 1 },
  { v: 2, batch: randomUUID() },
  { v: 1, batch: 'x' },
  { v: 1, batch: [randomUUID()] },
  { v: 1, batch: randomUUID(), to: 'x' },
  ['bell'],
  { v: 1, batch: 'x'.repeat(100_000) },
];
const replays = 100;

export const bells: Scenario = {
  name: 'bells',
  fault: 'bells replayed 100 times, forged, of batches long over, and of no shape of ours',
  rounds: { full: 15, least: 2 },
  perSecond: 20,
  async prepare({ stage }) {
    const given = { url: stage.queueUrl(), connectionsMax: 1 };
    const { connection, createBackend } = queueBackend(given);
    const queue = new Queue(queueName, { connection, skipVersionCheck: true }, createBackend);
    queue.on('error', () => {});
    opened.set(stage, queue as unknown as Planted);
    return () => queue.close();
  },
  async round(scene) {
    const { stage, untilMore, breach } = scene;
    const [newest] = await batches(scene, 'desc');
    const [oldest] = await batches(scene, 'asc');
    const batchIds = [
      ...Array<string>(replays).fill(newest ?? randomUUID()),
      ...Array<string>(10).fill(oldest ?? randomUUID()),
      ...Array.from({ length: 10 }, () => randomUUID()),
    ];
    const data = [...batchIds.map((batch) => ({ v: 1, batch })), ...noBells];
    const queue = opened.get(stage);
    await queue?.addBulk(
      data.map((one) => ({ name: 'bell', data: one, opts: { jobId: `x-${randomUUID()}` } })),
    );
    if (!(await untilMore(20, 30_000))) breach('nothing went out any more');
    await waitFor(async () => (await queue?.getWaitingCount()) === 0, 20_000).catch(() =>
      breach('bells are not heard any more'),
    );
  },
  async check({ breach }, { uncertainMade }) {
    if (uncertainMade > 0) breach(`${uncertainMade} came into doubt though nothing died`);
  },
};

type Planted = Pick<Queue, 'addBulk' | 'getWaitingCount'>;
const opened = new WeakMap<Scene['stage'], Planted>();

async function batches({ stage }: Scene, order: 'asc' | 'desc'): Promise<string[]> {
  const rows = await stage.rows<{ id: string }>(
    `select id from batches order by created_at ${order} limit 1`,
  );
  return rows.map(({ id }) => id);
}
