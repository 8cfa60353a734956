import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { MessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';
import { startChild } from './child.ts';
import { plainReminders } from './due-reminders.ts';
import type { Ground } from './ground.ts';
import { type Came, dueOf, type Sender } from './late.ts';
import { jobOf } from './peer-design.ts';
import { openPeerQueue } from './peer-queues.ts';

const patienceMs = 600_000;
/** From when the first job is put there until the first is due, on a busy machine too. */
const leadMs = (count: number) => 1_000 + count * 0.3;

/**
 * The naive design, whose provider is this peer: a delayed BullMQ job for each reminder, one worker process
 * with Twilio's SDK as it comes and fifty at once, one write after each. It has one queue for all
 * organisations.
 */
export async function startNaiveOn(
  ground: Ground,
  { peer }: { peer: MessagesPeer },
): Promise<Sender> {
  const database = await ground.createDatabase();
  await database.admin.query(plainReminders);
  const queue = await openPeerQueue('bullmq', { ground, database });
  const worker = await startChild('peer-worker.ts', {
    DATABASE_URL: database.adminUrl.reveal(),
    REDIS_URL: ground.redis.url.reveal(),
    PEER_QUEUE: 'bullmq',
    PEER_WRITES: 'outcome',
    PEER_PROVIDER: peer.url,
  });
  return {
    async send(waves) {
      peer.forget();
      const due = dueOf(waves);
      const dueAtMs = Date.now() + leadMs(due.length);
      const jobs = due.map(({ wave, offsetMs }) => ({
        ...{ id: randomUUID(), wave },
        dueAtMs: Math.round(dueAtMs + offsetMs),
      }));
      await database.admin.query(
        'insert into plain_reminders (id) select * from unnest($1::uuid[])',
        [jobs.map(({ id }) => id)],
      );
      const done = worker.ask(jobs.length);
      for (const [at, some] of Map.groupBy(jobs, (job) => job.dueAtMs)) {
        await queue.add(
          some.map(({ id }) => jobOf(id)),
          at,
        );
      }
      assert(Date.now() < dueAtMs, 'the machine is too busy to fill the queue in time');
      await waitFor(() => peer.accepted.length >= jobs.length, patienceMs, 100);
      await done;
      return cameOf(peer, jobs);
    },
    async stop() {
      await worker.stop();
      await queue.close();
      await database.drop();
    },
  };
}

function cameOf(
  { accepted }: MessagesPeer,
  jobs: readonly { id: string; wave: number; dueAtMs: number }[],
): Came[] {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const came = accepted.flatMap(({ attemptToken, acceptedAtMs: atMs }) => {
    const job = byId.get(attemptToken);
    return job ? [{ wave: job.wave, atMs, lateS: (atMs - job.dueAtMs) / 1_000, again: 0 }] : [];
  });
  const once = new Set(accepted.map(({ attemptToken }) => attemptToken)).size;
  assert.deepEqual([once, came.length, accepted.length], Array(3).fill(jobs.length));
  return came;
}
