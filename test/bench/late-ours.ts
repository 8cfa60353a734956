import assert from 'node:assert/strict';
import type { MessagesPeer } from '../support/messages-peer.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';
import { startRoleProcess } from '../support/worker-process.ts';
import { addOrganisation, type BenchDatabase, type Ground } from './ground.ts';
import { type Came, dueOf, type Sender, type Wave } from './late.ts';
import { accountSid, from } from './providers.ts';
import { partsOf, twoAtOnce } from './two-at-once.ts';

const dayMs = 86_400_000;
const seedAtOnce = 1_000;
const patienceMs = 600_000;
/** From when all of them are told when they are due until the first is, on a busy machine too. */
const leadMs = (count: number) => 1_500 + count * 0.15;

/** One scheduler process and one worker's, whose provider is this peer, with so many organisations. */
export async function startSottoOn(
  ground: Ground,
  { peer, organisations }: { peer: MessagesPeer; organisations: number },
): Promise<Sender> {
  const database = await ground.createDatabase();
  const everybody = [database.organisationId];
  while (everybody.length < organisations) {
    everybody.push(await addOrganisation(database.admin, 'Another'));
  }
  const roles = (['worker', 'scheduler'] as const).map((role) =>
    startRoleProcess(role, environmentOf(role, { ground, database, peerUrl: peer.url })),
  );
  await Promise.all(roles.map(({ ready }) => ready));
  return {
    async send(waves) {
      peer.forget();
      const ids = await seed(ground, database, { waves, everybody });
      await waitFor(() => peer.accepted.length >= ids.length, patienceMs, 100);
      return cameOf(database, peer, ids);
    },
    async stop() {
      for (const role of roles) role.signal('SIGTERM');
      await Promise.all(roles.map(({ gone }) => gone));
      await database.drop();
    },
  };
}

function environmentOf(
  role: 'worker' | 'scheduler',
  { ground, database, peerUrl }: { ground: Ground; database: BenchDatabase; peerUrl: string },
): Record<string, string> {
  const { keys, redis } = ground;
  return {
    DATABASE_URL: database.roleUrls[role].reveal(),
    REDIS_URL: redis.url.reveal(),
    KEYSTORE: `file:${keys.folder}`,
    JOURNAL: `file:${keys.folder}/${new URL(database.adminUrl.reveal()).pathname.slice(1)}`,
    TWILIO_ACCOUNT_SID: accountSid,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: from.sms,
    TWILIO_BASE_URL: peerUrl,
    TWILIO_COPIES: 'keep',
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: from.email,
    // As much as may be set, so that the sender's rate bounds nothing.
    SMS_PER_SECOND: '100000',
  };
}

/**
 * Stores them all, truly sealed, for tomorrow; then tells each when it is due from now on.
 *
 * @returns their ids and of which wave each is
 */
async function seed(
  { keys: { epochPublicKey, parcelDay } }: Ground,
  { admin, settle }: BenchDatabase,
  { waves, everybody }: { waves: readonly Wave[]; everybody: readonly string[] },
): Promise<{ id: string; wave: number }[]> {
  const parts = waves.flatMap(({ count }, wave) =>
    partsOf(count, seedAtOnce).map((part) => ({ organisationId: everybody[wave], count: part })),
  );
  const options = { epochPublicKey, parcelDay, dueInMs: dayMs, notAfterInMs: 2 * dayMs };
  const seeded = await twoAtOnce(parts, ({ organisationId = '', count }) =>
    seedReminders(admin, { ...options, organisationId, count }),
  );
  const ids = seeded.flat().map(({ id }) => id);
  const due = dueOf(waves);
  await settle();
  const dueAtMs = Date.now() + leadMs(ids.length);
  await admin.query(
    `update reminders r set due_at = to_timestamp(($3 + d.offset_ms) / 1000)
     from unnest($1::uuid[], $2::float8[]) as d (id, offset_ms) where r.id = d.id`,
    [ids, due.map(({ offsetMs }) => offsetMs), dueAtMs],
  );
  assert(Date.now() < dueAtMs, 'the machine is too busy to tell them in time when they are due');
  return ids.map((id, place) => ({ id, wave: due[place]?.wave ?? 0 }));
}

/** One that a worker gave back before anything left, since the provider had become slow, came at its next try. */
async function cameOf(
  { admin }: BenchDatabase,
  { accepted }: MessagesPeer,
  sent: readonly { id: string; wave: number }[],
): Promise<Came[]> {
  const { rows } = await admin.query(
    `select r.id, r.attempt_count - 1 as again, c.at_ms as "atMs",
       c.at_ms / 1000 - extract(epoch from r.due_at)::float8 as "lateS"
     from unnest($1::bytea[], $2::float8[]) as c (token, at_ms)
     join attempts t on t.token = c.token join reminders r on r.id = t.reminder_id
     order by c.at_ms`,
    [
      accepted.map(({ attemptToken }) => Buffer.from(attemptToken, 'base64url')),
      accepted.map(({ acceptedAtMs }) => acceptedAtMs),
    ],
  );
  const waves = new Map(sent.map(({ id, wave }) => [id, wave]));
  const came = rows.flatMap(({ id, ...one }) => {
    const wave = waves.get(id);
    return wave === undefined ? [] : [{ ...one, wave }];
  });
  const once = new Set(rows.map(({ id }) => id)).size;
  assert.deepEqual([once, came.length, accepted.length], Array(3).fill(sent.length));
  return came;
}
