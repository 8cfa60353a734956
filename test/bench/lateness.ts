import assert from 'node:assert/strict';
import { startMessagesPeer } from '../support/messages-peer.ts';
import { percentile } from '../support/percentile.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';
import { startRoleProcess } from '../support/worker-process.ts';
import type { BenchDatabase, Ground } from './ground.ts';
import type { Arranged, ArrangedMeasurement, FigureOf, Run } from './measurement.ts';
import { partsOf, twoAtOnce } from './two-at-once.ts';

const idle = 'idle, 40 a second';
const flood = 'flood: nine small organisations';
const floodBig = 'flood: the big one';
const busy = 'at 80 % of capacity';
const smallCount = 9;
const seedAtOnce = 1_000;
const warmUpCount = 2_000;
/** From when all of them are told when they are due until the first is, on a busy machine too. */
const leadMs = (count: number) => 1_500 + count * 0.15;
const patienceMs = 600_000;

/** How late reminders come: from when each is due until a provider has it, by the provider's clock. */
export const lateness: ArrangedMeasurement = {
  name: 'lateness',
  about: [
    'From due to handed over, by the clock of the provider: the Twilio SDK in one worker process speaks to',
    'a local Messages API in another, fed by one scheduler process, queue on Redis. Ten organisations.',
    'Flood: so many of one organisation are due in the same second while the nine others go on having',
    'reminders due, some of them in that second. Its pace is the capacity that 80 % is taken of.',
  ],
  counts: { full: 100_000, quick: 10_000 },
  rounds: 1,
  arrange,
  figures: [
    ...latenessFigures('idle', idle, 1),
    ...latenessFigures('busy', busy, 2),
    ...latenessFigures('flood.small', flood, 5),
    {
      ...{ name: 'lateness.capacity', contender: floodBig, measure: 'reminders/s' },
    },
  ],
};

/** @param p99Max in seconds */
function latenessFigures(name: string, contender: string, p99Max: number): FigureOf[] {
  const figure = (share: string) => ({
    ...{ name: `lateness.${name}.${share}`, contender, measure: `${share} s`, unit: 's' },
  });
  return [figure('p50'), { ...figure('p99'), targets: [{ atMost: p99Max }] }, figure('p99.9')];
}

/** So many of one organisation, due one after the other over this time, or all at once. */
interface Wave {
  readonly organisationId: string;
  readonly count: number;
  readonly overMs: number;
}

async function arrange(ground: Ground, count: number): Promise<Arranged> {
  const database = await ground.createDatabase();
  const peer = await startMessagesPeer();
  const big = database.organisationId;
  const small = await addSmallOrganisations(database);
  const everybody = [big, ...small];
  await ground.redis.admin.flushall();
  const roles = (['worker', 'scheduler'] as const).map((role) =>
    startRoleProcess(role, environmentOf(role, { ground, database, peerUrl: peer.url })),
  );
  await Promise.all(roles.map(({ ready }) => ready));

  /** @returns what was late by how much, the big one's first */
  async function send(waves: readonly Wave[]): Promise<{ big: Run; small: Run; all: Run }> {
    peer.forget();
    const total = waves.reduce((sum, wave) => sum + wave.count, 0);
    await seedWaves(ground, database, waves);
    await waitFor(() => peer.accepted.length >= total, patienceMs, 100);
    const came = peer.accepted.map(({ attemptToken, acceptedAtMs }) => ({
      token: Buffer.from(attemptToken, 'base64url'),
      acceptedAtMs,
    }));
    return latenessOf(database, came, total);
  }
  const quick = count < 50_000;
  const evenly = (perSecond: number) => {
    const overMs = quick ? 8_000 : 15_000;
    const each = Math.ceil((perSecond * overMs) / 1_000 / everybody.length);
    return everybody.map((organisationId) => ({ organisationId, count: each, overMs }));
  };
  await send([{ organisationId: big, count: Math.min(warmUpCount, count), overMs: 0 }]);
  let ofBig: Run = {};
  return {
    contenders: [
      { name: idle, run: async () => (await send(evenly(40))).all },
      {
        name: flood,
        async run() {
          // Over by then at two thousand a second.
          const overMs = count / 2;
          const ofSmall = quick ? 40 : 100;
          const waves = small.map((organisationId) => ({ organisationId, count: ofSmall, overMs }));
          const late = await send([{ organisationId: big, count, overMs: 0 }, ...waves]);
          ofBig = late.big;
          return late.small;
        },
      },
      { name: floodBig, run: async () => ofBig },
      { name: busy, run: async () => (await send(evenly(0.8 * (ofBig['reminders/s'] ?? 0)))).all },
    ],
    async close() {
      for (const role of roles) role.signal('SIGTERM');
      await Promise.all(roles.map(({ gone }) => gone));
      await peer.close();
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
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+33700000000',
    TWILIO_BASE_URL: peerUrl,
    TWILIO_COPIES: 'keep',
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'reminders@sotto.example',
    // As much as may be set, so that the sender's rate bounds nothing.
    SMS_PER_SECOND: '100000',
  };
}

async function addSmallOrganisations({ admin }: BenchDatabase): Promise<string[]> {
  const { rows } = await admin.query(
    `insert into organisations (id, name, quiet_from, quiet_until, jitter_minutes)
     select gen_random_uuid(), 'Small', '00:00', '00:00', 0 from generate_series(1, $1) returning id`,
    [smallCount],
  );
  return rows.map(({ id }) => id);
}

/** Stores them all, truly sealed, for tomorrow; then tells each when it is due from now on. */
async function seedWaves(
  { keys: { epochPublicKey, parcelDay } }: Ground,
  { admin, settle }: BenchDatabase,
  waves: readonly Wave[],
): Promise<void> {
  const parts = waves.flatMap(({ organisationId, count }) =>
    partsOf(count, seedAtOnce).map((part) => ({ organisationId, count: part })),
  );
  const options = { epochPublicKey, parcelDay, dueInMs: dayMs, notAfterInMs: 2 * dayMs };
  const seeded = await twoAtOnce(parts, (part) => seedReminders(admin, { ...options, ...part }));
  const ids = seeded.flat().map(({ id }) => id);
  const offsetsMs = waves.flatMap(({ count, overMs }) =>
    Array.from({ length: count }, (_, place) => (place * overMs) / count),
  );
  await settle();
  const dueAtMs = Date.now() + leadMs(ids.length);
  await admin.query(
    `update reminders r set due_at = to_timestamp(($3 + d.offset_ms) / 1000)
     from unnest($1::uuid[], $2::float8[]) as d (id, offset_ms) where r.id = d.id`,
    [ids, offsetsMs, dueAtMs],
  );
  assert(Date.now() < dueAtMs, 'the machine is too busy to tell them in time when they are due');
}

const dayMs = 86_400_000;

/**
 * One that a worker gave back before anything left, since the provider had become slow, came at its next try.
 *
 * @throws when one came twice, or is none of ours
 */
async function latenessOf(
  { admin, organisationId }: BenchDatabase,
  came: readonly { token: Buffer; acceptedAtMs: number }[],
  total: number,
): Promise<{ big: Run; small: Run; all: Run }> {
  const { rows } = await admin.query(
    `select r.id, r.organisation_id = $3 as is_big, r.attempt_count - 1 as again,
       c.at_ms / 1000 - extract(epoch from r.due_at)::float8 as late_s
     from unnest($1::bytea[], $2::float8[]) as c (token, at_ms)
     join attempts t on t.token = c.token join reminders r on r.id = t.reminder_id`,
    [came.map(({ token }) => token), came.map(({ acceptedAtMs }) => acceptedAtMs), organisationId],
  );
  assert.deepEqual([new Set(rows.map(({ id }) => id)).size, came.length], [total, total]);
  const [first = 0, last = 0] = [came.at(0)?.acceptedAtMs, came.at(-1)?.acceptedAtMs];
  const late = (some: readonly { late_s: number; again: number }[]): Run => {
    const seconds = some.map(({ late_s }) => late_s);
    const at = (share: number) => percentile(seconds, share);
    return {
      ...{ 'p50 s': at(0.5), 'p99 s': at(0.99), 'p99.9 s': at(0.999) },
      'reminders/s': some.length / ((last - first) / 1_000),
      'tries again': some.reduce((sum, { again }) => sum + again, 0),
    };
  };
  return {
    big: late(rows.filter(({ is_big }) => is_big)),
    small: late(rows.filter(({ is_big }) => !is_big)),
    all: late(rows),
  };
}
