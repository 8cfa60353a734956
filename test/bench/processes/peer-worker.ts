/**
 * A worker as people write it, on the queue that it is told: for each job it puts the words together,
 * signs a link, hands over, and writes to PostgreSQL what became of it.
 *
 * Its parent says how many jobs are to come and is told when the first began and the last was stored.
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import { Worker } from 'bullmq';
import { run } from 'graphile-worker';
import { SignJWT } from 'jose';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { Secret } from '../../../src/domain/secret.ts';
import { nullTransport } from '../null-transport.ts';
import {
  connectionsMax,
  type PeerJob,
  type PeerQueue,
  peerQueues,
  peerWrites,
  queueName,
} from '../peer-design.ts';
import { silent } from '../peer-queues.ts';
import { from } from '../providers.ts';
import { answerParent } from './answer-parent.ts';
import { peerStatements } from './peer-statements.ts';
import { twilioAsItComes } from './twilio-as-it-comes.ts';

const { DATABASE_URL: connectionString = '', REDIS_URL = '', PEER_PROVIDER } = process.env;
const bullmqAtOnce = 50;
const queue = peerQueues.find((one) => one === process.env.PEER_QUEUE);
const writes = peerWrites.find((one) => one === process.env.PEER_WRITES);
if (!queue || !writes) throw new Error('PEER_QUEUE and PEER_WRITES say what is done');
const pool = new pg.Pool({ connectionString, max: connectionsMax });
const { before, after } = peerStatements(pool)[writes];
const linkKey = createSecretKey(randomBytes(32));

const handOver = PEER_PROVIDER ? overTwilio(PEER_PROVIDER) : overNothing;

interface Message {
  readonly id: string;
  readonly phone: string;
  readonly text: string;
}

/** @returns the provider's name for it */
async function overNothing({ id, phone, text }: Message): Promise<string> {
  const outcome = await nullTransport.send({
    ...{ channel: 'sms', to: new Secret(phone), text: new Secret(text) },
    ...{ attemptToken: id, validitySeconds: 36_000 },
  });
  return outcome.kind === 'accepted' ? outcome.providerId : '';
}

function overTwilio(url: string) {
  const client = twilioAsItComes(url, bullmqAtOnce);
  return async ({ id, phone, text }: Message): Promise<string> => {
    const statusCallback = `http://localhost:3000/status/${id}`;
    const message = await client.messages.create({
      ...{ from: from.sms, to: phone, body: text, statusCallback },
    });
    return message.sid;
  };
}

let awaited = 0;
let firstAtMs = 0;
let isStopping = false;
let over = Promise.withResolvers<unknown>();

async function send({ id, name, phone, place, at }: PeerJob): Promise<string> {
  const token = await new SignJWT({ id })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('3d')
    .sign(linkKey);
  const when = new Date(at).toLocaleString('fr', {
    ...{ timeZone: 'Europe/Paris', weekday: 'long', day: 'numeric', month: 'long' },
    ...{ hour: '2-digit', minute: '2-digit' },
  });
  const text = `${name}: ${place}, ${when}. https://reminders.example/${token}`;
  return handOver({ id, phone, text });
}

async function deliver(jobs: readonly PeerJob[]): Promise<void> {
  firstAtMs ||= Date.now();
  const ids = jobs.map(({ id }) => id);
  await before(ids);
  await after(ids, await Promise.all(jobs.map(send)));
  awaited -= jobs.length;
  if (awaited === 0) over.resolve({ firstAtMs, lastAtMs: Date.now() });
}

/** Its parent would wait for one that failed for ever. */
function fail(error: unknown): void {
  if (isStopping) return;
  console.error(error);
  process.exit(1);
}

const consumers: Record<PeerQueue, () => Promise<() => Promise<unknown>>> = {
  async bullmq() {
    const { hostname: host, port } = new URL(REDIS_URL);
    const worker = new Worker<PeerJob>(queueName, ({ data }) => deliver([data]), {
      connection: { host, port: Number(port) },
      concurrency: bullmqAtOnce,
      removeOnComplete: { count: 0 },
    });
    worker.on('failed', (_, error) => fail(error));
    await worker.waitUntilReady();
    return () => worker.close();
  },
  async 'graphile-worker'() {
    const runner = await run({
      connectionString,
      logger: silent,
      noHandleSignals: true,
      pollInterval: 500,
      preset: {
        worker: {
          ...{ concurrentJobs: 100, maxPoolSize: connectionsMax },
          localQueue: { size: 500 },
          ...{ completeJobBatchDelay: 5, failJobBatchDelay: 5 },
        },
      },
      taskList: { [queueName]: (job) => deliver([job as PeerJob]).catch(fail) },
    });
    return () => runner.stop();
  },
  async 'pg-boss'() {
    const boss = new PgBoss({ connectionString, max: connectionsMax });
    boss.on('error', fail);
    await boss.start();
    // Each gets a group of jobs, and asks for the next as soon as it has dealt with a full one.
    const options = {
      ...{ batchSize: 200, localConcurrency: 4 },
      ...{ pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
    };
    await boss.work<PeerJob>(queueName, options, async (jobs) => {
      const all = jobs.map(({ data }) => data);
      const groups = writes === 'all-rows-in-groups' ? [all] : all.map((job) => [job]);
      await Promise.all(groups.map(deliver)).catch(fail);
    });
    return () => boss.stop({ graceful: false });
  },
};

const stop = await consumers[queue]();
answerParent(
  (count: number) => {
    awaited = count;
    firstAtMs = 0;
    over = Promise.withResolvers();
    return over.promise;
  },
  async () => {
    isStopping = true;
    await stop();
    await pool.end();
  },
);
