/**
 * A worker as people write it: BullMQ on Redis, a job for each reminder that holds all that is to be
 * sent, and what became of it written to PostgreSQL when it has been sent.
 *
 * Its parent says how many jobs are to come and is told when the first began and the last was stored.
 */
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { Worker } from 'bullmq';
import { SignJWT } from 'jose';
import pg from 'pg';
import { Secret } from '../../../src/domain/secret.ts';
import { connectionsMax, isNaiveWrites, type NaiveJob, naiveQueue } from '../naive-design.ts';
import { nullTransport } from '../null-transport.ts';

const { DATABASE_URL: connectionString, REDIS_HOST: host, REDIS_PORT } = process.env;
const { NAIVE_WRITES, NAIVE_SIGNS_LINK } = process.env;
if (!isNaiveWrites(NAIVE_WRITES)) throw new Error('NAIVE_WRITES says what is written');
const pool = new pg.Pool({ connectionString, max: connectionsMax });

const outcomeAlone = {
  before: async (_: NaiveJob) => {},
  after: (job: NaiveJob, providerId: string) =>
    pool.query(
      `update naive_reminders set state = 'sent', provider_id = $2, sent_at = clock_timestamp(),
          times = times + 1
        where id = $1`,
      [job.id, providerId],
    ),
};

/** The rows that Sotto writes, in its own tables, and without what Sotto checks on the way. */
const allRows = {
  before: (job: NaiveJob) =>
    pool.query({
      name: 'intent',
      text: `with changed as (
          update reminders set state = 'sending', attempt_count = attempt_count + 1,
            batch_id = $2, lease_until = clock_timestamp() + interval '1 minute',
            updated_at = clock_timestamp()
          where id = $1 returning *
        ), tried as (
          insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport,
            token, batch_id)
          select $2, organisation_id, mode, id, attempt_count, channel, 'null', $3, $2 from changed
        )
        insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
          from_state, to_state)
        select c.organisation_id, c.mode, 'reminder.sending', a.reference, a.id, c.id, 'scheduled',
          'sending'
        from changed c join appointments a on a.id = c.appointment_id`,
      values: [job.id, randomUUID(), randomBytes(16)],
    }),
  after: (job: NaiveJob, providerId: string) =>
    pool.query({
      name: 'outcome',
      text: `with ended as (
          update attempts set outcome = 'accepted', provider_id = $2, ended_at = clock_timestamp()
          where reminder_id = $1
        ), changed as (
          update reminders set state = 'sent', sent_at = clock_timestamp(),
            batch_id = null, lease_until = null, updated_at = clock_timestamp()
          where id = $1 returning *
        )
        insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
          from_state, to_state)
        select c.organisation_id, c.mode, 'reminder.sent', a.reference, a.id, c.id, 'sending', 'sent'
        from changed c join appointments a on a.id = c.appointment_id`,
      values: [job.id, providerId],
    }),
};

const { before, after } = NAIVE_WRITES === 'outcome' ? outcomeAlone : allRows;
const linkKey = createSecretKey(randomBytes(32));
const linkOf = async ({ id, link }: NaiveJob) =>
  NAIVE_SIGNS_LINK === 'true'
    ? `https://reminders.example/${await new SignJWT({ id })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('3d')
        .sign(linkKey)}`
    : link;

let awaited = 0;
let firstAtMs = 0;

const worker = new Worker<NaiveJob>(
  naiveQueue,
  async ({ data }) => {
    firstAtMs ||= Date.now();
    await before(data);
    const at = new Date(data.at).toLocaleString('fr', {
      ...{ timeZone: 'Europe/Paris', weekday: 'long', day: 'numeric', month: 'long' },
      ...{ hour: '2-digit', minute: '2-digit' },
    });
    const text = `${data.name}: ${data.place}, ${at}. ${await linkOf(data)}`;
    const outcome = await nullTransport.send({
      ...{ channel: 'sms', to: new Secret(data.phone), text: new Secret(text) },
      ...{ attemptToken: data.id, validitySeconds: 36_000 },
    });
    await after(data, outcome.kind === 'accepted' ? outcome.providerId : '');
    awaited -= 1;
    if (awaited === 0) process.send?.({ firstAtMs, lastAtMs: Date.now() });
  },
  {
    connection: { host: host ?? '', port: Number(REDIS_PORT) },
    concurrency: 50,
    removeOnComplete: { count: 0 },
  },
);
// Its parent would wait for it for ever.
worker.on('failed', (_, error) => {
  throw error;
});

process.on('message', (count: number) => {
  awaited = count;
  firstAtMs = 0;
});
process.once('SIGTERM', async () => {
  await worker.close();
  await pool.end();
  process.exit(0);
});
// Its parent has gone: nobody would stop it any more.
process.once('disconnect', () => process.exit(1));
await worker.waitUntilReady();
process.send?.('ready');
