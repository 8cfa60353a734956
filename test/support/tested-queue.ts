import { Queue } from 'bullmq';
import { inject } from 'vitest';
import type { Secret } from '../../src/domain/secret.ts';
import { prepareQueue } from '../../src/queue/prepare-queue.ts';
import { queueBackend } from '../../src/queue/queue-backend.ts';
import type { TestDatabase } from './database.ts';
import { startRedis } from './redis-server.ts';

/** The queue that this run of a test file is about: PostgreSQL's, or a Redis of the file's own. */
export interface TestedQueue {
  readonly kind: 'postgres' | 'redis';
  /** What a role must be told of it beside its database. */
  readonly environment: Record<string, string>;
  urlFor(role: 'scheduler' | 'worker' | 'ops'): Secret<string>;
  /** Where whoever may do anything gets in. */
  readonly strangersUrl: Secret<string>;
  /** What lies in it now. */
  jobs(): Promise<{ id: string; data: unknown }[]>;
  /** Puts in what is no bell of ours. */
  addStranger(data: object): Promise<void>;
  /** Puts text in the place of a job's data, as a broken program would. */
  spoil(jobId: string, text: string): Promise<void>;
  empty(): Promise<void>;
  /** Cuts every connection to it once. */
  cut(): Promise<void>;
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

/** The same test file runs once for each: vitest.config.ts says which is meant. */
export async function createTestedQueue(database: TestDatabase): Promise<TestedQueue> {
  return inject('queue') === 'redis' ? redisQueue() : postgresQueue(database);
}

async function addStrangerTo(url: Secret<string>, data: object): Promise<void> {
  const { connection, createBackend } = queueBackend({ url, connectionsMax: 1 });
  const queue = new Queue('bells', { connection, skipVersionCheck: true }, createBackend);
  await queue.add('bell', data, { jobId: 'x' });
  await queue.close();
}

async function postgresQueue(database: TestDatabase): Promise<TestedQueue> {
  const { admin, roleUrls } = database;
  await prepareQueue(database.adminUrl);
  const cut = async () => {
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename in ('sotto_worker', 'sotto_scheduler', 'sotto_ops')`,
    );
  };
  return {
    kind: 'postgres',
    environment: {},
    urlFor: (role) => roleUrls[role],
    jobs: async () => (await admin.query('select id, data from sotto_queue.job')).rows,
    strangersUrl: database.adminUrl,
    addStranger: (data) => addStrangerTo(database.adminUrl, data),
    spoil: async (jobId, text) =>
      void (await admin.query(
        'update sotto_queue.job set data = to_jsonb($2::text) where id = $1',
        [jobId, text],
      )),
    empty: async () => void (await admin.query('delete from sotto_queue.job')),
    cut,
    async goAway() {
      await admin.query('alter schema sotto_queue rename to away');
      await cut();
    },
    comeBack: async () => void (await admin.query('alter schema away rename to sotto_queue')),
    stop: async () => {},
  };
}

/** What BullMQ keeps for a queue itself, whatever is in it. */
const ofTheQueue =
  /:(wait|active|completed|failed|stalled|stalled-check|marker|meta|events|id|limiter|pc)$/;

async function redisQueue(): Promise<TestedQueue> {
  const server = await startRedis();
  return {
    kind: 'redis',
    environment: { REDIS_URL: server.url.reveal() },
    urlFor: () => server.url,
    async jobs() {
      const keys = (await server.admin.keys('*')).filter((key) => !ofTheQueue.test(key));
      return Promise.all(
        keys.map(async (key) => ({
          id: key.replace('{sotto}:bells:', ''),
          data: JSON.parse((await server.admin.hget(key, 'data').catch(() => null)) ?? 'null'),
        })),
      );
    },
    strangersUrl: server.url,
    addStranger: (data) => addStrangerTo(server.url, data),
    spoil: async (jobId, text) =>
      void (await server.admin.hset(`{sotto}:bells:${jobId}`, 'data', text)),
    empty: async () => void (await server.admin.flushall()),
    cut: async () =>
      void (await server.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')),
    goAway: server.kill,
    comeBack: server.restart,
    stop: server.stop,
  };
}
