import { Queue } from 'bullmq';
import { Logger, makeWorkerUtils } from 'graphile-worker';
import { PgBoss } from 'pg-boss';
import type { BenchDatabase, Ground } from './ground.ts';
import { type PeerJob, type PeerQueue, queueName } from './peer-design.ts';

/** Where a booking system would put its jobs. */
export interface OpenQueue {
  /** All of them are stored when it resolves, to be begun when they are due. */
  add(jobs: readonly PeerJob[], dueAtMs: number): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Its lines about every job would cost more than some of the work. */
export const silent = new Logger(() => () => {});

const queues: Record<
  PeerQueue,
  (on: { ground: Ground; database: BenchDatabase }) => Promise<OpenQueue>
> = {
  async bullmq({ ground }) {
    await ground.redis.admin.flushall();
    const { hostname: host, port } = new URL(ground.redis.url.reveal());
    const queue = new Queue<PeerJob>(queueName, { connection: { host, port: Number(port) } });
    return {
      add: (jobs, dueAtMs) =>
        queue.addBulk(
          jobs.map((data) => ({
            ...{ name: 'reminder', data },
            opts: { delay: Math.max(0, dueAtMs - Date.now()), removeOnComplete: true },
          })),
        ),
      close: () => queue.close(),
    };
  },
  async 'graphile-worker'({ database }) {
    const worker = await makeWorkerUtils({ pgPool: database.admin, logger: silent });
    await worker.migrate();
    return {
      add: (jobs, dueAtMs) =>
        worker.addJobs(
          jobs.map((payload) => ({ identifier: queueName, payload, runAt: new Date(dueAtMs) })),
        ),
      close: async () => worker.release(),
    };
  },
  async 'pg-boss'({ database }) {
    const boss = new PgBoss({ connectionString: database.adminUrl.reveal(), max: 2 });
    boss.on('error', () => {});
    await boss.start();
    await boss.createQueue(queueName);
    return {
      add: (jobs, dueAtMs) =>
        boss.insert(
          queueName,
          jobs.map((data) => ({ data, startAfter: new Date(dueAtMs) })),
        ),
      close: () => boss.stop({ graceful: false }),
    };
  },
};

export const openPeerQueue = (
  queue: PeerQueue,
  on: { ground: Ground; database: BenchDatabase },
): Promise<OpenQueue> => queues[queue](on);
