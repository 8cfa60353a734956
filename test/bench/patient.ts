import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { limits } from '../../config/limits.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { freePort } from '../support/free-port.ts';
import { percentile } from '../support/percentile.ts';
import { type SeededAppointment, seedAppointment, seededPin } from '../support/seed-appointment.ts';
import { startRoleProcess } from '../support/worker-process.ts';
import { prepareToServe } from './api-process.ts';
import type { BenchDatabase, Ground } from './ground.ts';
import { openConnections } from './http-connection.ts';
import { loadAsFastAsAnswered } from './http-load.ts';
import type { Arranged, ArrangedMeasurement, Run } from './measurement.ts';
import { type SeenVisit, type VisitStep, visit, visitSteps } from './patient-visit.ts';

const titles: Record<VisitStep, string> = {
  link: 'open: the link',
  landing: 'open: the neutral page',
  question: 'prove: the question',
  answer: 'prove: the PIN, slowed to 300 ms',
  details: 'show: the details',
};
const whole = 'all of a visit';
const forged = 'a forged link, refused';
const statisticsMs = 1_100;
const concurrency = 50;
const appointmentCount = 100;
const warmUpCount = 100;
/** So many forged links for each visit. */
const forgedFactor = 8;

/** How long patients wait for their pages, and what forged links cost. */
export const patient: ArrangedMeasurement = {
  name: 'patient',
  about: [
    'Visits by 50 patients at a time to one patient process: each opens a link, goes on, types the PIN and',
    'sees the details, five requests. Times are to the first byte; bytes are of head and body. Checking a',
    'PIN takes 300 ms on purpose, whether it is right or wrong. Transactions are what PostgreSQL counted',
    'meanwhile, less what it counts in as much time at rest.',
  ],
  counts: { full: 300, quick: 100 },
  arrange,
  figures: [
    ...(['link', 'landing', 'question', 'answer', 'details'] as const).map((step) => ({
      ...{ name: `patient.${step}.p99`, contender: titles[step], measure: 'p99 ms', unit: 'ms' },
    })),
    {
      ...{ name: 'patient.first-view', contender: titles.landing, measure: 'bytes' },
      targets: [{ atMost: limits.firstViewBytesMax }],
    },
    { name: 'patient.visits', contender: whole, measure: 'a second', unit: 'visits/s' },
    { name: 'patient.forged', contender: forged, measure: 'a second', unit: 'links/s' },
    {
      ...{ name: 'patient.forged.queries', contender: forged, measure: 'transactions each' },
      targets: [{ atMost: 0 }],
    },
  ],
};

async function arrange(ground: Ground, count: number): Promise<Arranged> {
  const database = await ground.createDatabase();
  await prepareToServe(database);
  const port = await freePort();
  const patientUrl = `http://localhost:${port}`;
  const role = startRoleProcess('patient', environmentOf(ground, database, patientUrl));
  const keys = fileKeyStore(ground.keys.folder);
  await role.ready;
  const { admin, organisationId } = database;
  const deps = { admin, keys, audience: new URL(patientUrl).host };
  const appointments: SeededAppointment[] = [];
  while (appointments.length < appointmentCount) {
    appointments.push(await seedAppointment(deps, { organisationId }));
  }
  await database.settle();
  const connections = await openConnections(port, concurrency);
  const selector = appointments[0]?.link.token.slice(0, 1) ?? '';
  let visitors = 0;

  async function visits(wanted: number): Promise<SeenVisit[]> {
    const seen: SeenVisit[] = [];
    let left = wanted;
    await Promise.all(
      connections.map(async (connection) => {
        while (left > 0) {
          left -= 1;
          visitors += 1;
          const token = appointments[visitors % appointments.length]?.link.token ?? '';
          const from = `198.${18 + (visitors >> 16)}.${(visitors >> 8) & 255}.${visitors & 255}`;
          seen.push(await visit(connection, { token, pin: seededPin, from }));
        }
      }),
    );
    return seen;
  }
  await visits(warmUpCount);

  const inTurn = once(1 + visitSteps.length, async () => {
    let seen: SeenVisit[] = [];
    let costs = {};
    const during = await transactionsDuring(admin, async () => {
      const meter = ground.startMeter([role.pid]);
      seen = await visits(count);
      costs = meter.perOne(count);
    });
    return { seen, costs, ...during };
  });
  return {
    contenders: [
      {
        name: whole,
        async run() {
          const { seen, costs, seconds, transactions } = await inTurn();
          return {
            ...waits(
              seen.map((steps) =>
                visitSteps.reduce((sum, step) => sum + steps[step].firstByteMs, 0),
              ),
            ),
            'a second': count / seconds,
            'transactions each': perOne(transactions, count),
            ...costs,
          };
        },
      },
      ...visitSteps.map((step) => ({
        name: titles[step],
        async run() {
          const { seen } = await inTurn();
          const bytes = percentile(
            seen.map((steps) => steps[step].bytes),
            0.5,
          );
          return { ...waits(seen.map((steps) => steps[step].firstByteMs)), bytes };
        },
      })),
      {
        name: forged,
        async run() {
          const load = {
            connections,
            count: count * forgedFactor,
            request: () => forge(selector),
            status: 404,
          };
          let latenciesMs: readonly number[] = [];
          const { seconds, transactions } = await transactionsDuring(admin, async () => {
            ({ latenciesMs } = await loadAsFastAsAnswered(load));
          });
          return {
            ...waits(latenciesMs),
            'a second': load.count / seconds,
            'transactions each': perOne(transactions, load.count),
          };
        },
      },
    ],
    async close() {
      for (const connection of connections) connection.close();
      role.signal('SIGTERM');
      await role.gone;
      await database.drop();
    },
  };
}

function environmentOf(
  { keys }: Ground,
  { adminUrl, roleUrls }: BenchDatabase,
  patientUrl: string,
): Record<string, string> {
  return {
    DATABASE_URL: roleUrls.patient.reveal(),
    KEYSTORE: `file:${keys.folder}`,
    JOURNAL: `file:${keys.folder}/${new URL(adminUrl.reveal()).pathname.slice(1)}`,
    PATIENT_PORT: new URL(patientUrl).port,
    PATIENT_URL: patientUrl,
    TRUSTED_PROXIES: '127.0.0.1',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+33700000000',
    TWILIO_BASE_URL: 'http://127.0.0.1:9',
  };
}

/** A link as ours are, under a key that there is, that nobody signed. */
function forge(selector: string): string {
  const [secret, signature] = [18, 32].map((size) => randomBytes(size).toString('base64url'));
  const token = `${selector}${secret}${signature}`;
  return `GET /${token} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 203.0.113.7\r\n\r\n`;
}

/** What the database does for duties goes on meanwhile, and is taken off. */
async function transactionsDuring(
  admin: pg.Pool,
  work: () => Promise<void>,
): Promise<{ seconds: number; transactions: number }> {
  const counted = async () => {
    const { rows } = await admin.query(
      `select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()`,
    );
    return Number(rows[0]?.count);
  };
  const before = await counted();
  const startedAt = performance.now();
  await work();
  const tookMs = performance.now() - startedAt;
  // Each connection tells within a second what it has done.
  await wait(statisticsMs);
  const between = await counted();
  await wait(tookMs + statisticsMs);
  const atRest = (await counted()) - between;
  return { seconds: tookMs / 1_000, transactions: between - before - atRest };
}

/** Rounded, since duties do not keep to the second: one in a thousand is nothing of theirs. */
function perOne(transactions: number, count: number): number {
  return Math.max(0, Number((transactions / count).toFixed(2)));
}

const waits = (times: readonly number[]): Run => ({
  'p50 ms': percentile(times, 0.5),
  'p99 ms': percentile(times, 0.99),
});

/** The same for all who take it in one round. */
function once<Value>(takers: number, work: () => Promise<Value>): () => Promise<Value> {
  let taken = 0;
  let result: Promise<Value> | undefined;
  return () => {
    if (!result || taken % takers === 0) result = work();
    taken += 1;
    return result;
  };
}
