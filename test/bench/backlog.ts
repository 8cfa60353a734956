import { totalmem } from 'node:os';
import { type Backlog, openBacklog } from './backlog-stage.ts';
import { redisKbOfDelayedJobs } from './delayed-jobs.ts';
import type { Ground } from './ground.ts';
import type { Arranged, ArrangedMeasurement, Contender, FigureOf, SumOf } from './measurement.ts';

const fewCount = 10_000;
/** Half of this machine's memory, by a kB for each; more of them take as much each. */
const delayedJobsMax = Math.floor(totalmem() / 2 / 1_024);
const few = '10 thousand ahead';
const all = 'all of them ahead';
const jobs = 'delayed BullMQ jobs';
const steps = ['claim', 'send', 'accept'] as const;
/** All that is done for a reminder; claiming is a part of sending. */
const whole = 'accept and send';

/** What it costs to send and to accept while so many others are scheduled, and what those take. */
export const backlog: ArrangedMeasurement = {
  name: 'backlog',
  about: [
    'With 10 thousand and with all of so many reminders scheduled over the next 400 days, each with every',
    'row and index that accepting makes. Claim: 4,000 of them that have become due, taken into batches by',
    "the scheduler's code. Send: 2,000, by its process and a worker's, to a provider that costs nothing.",
    'Accept: 1,500 PUTs on 100 connections. Due ones lie scattered among the others, and 39,000 of them in',
    'each database: few are no fewer. What is scheduled are copies of one that the API accepted, sealed',
    'parts included, under ids and times of their own; bytes are of all of the database. Redis is told',
    'without its connections. BullMQ: a delayed job for each, the first ten thousand put there by itself.',
    'Accept and send: what a reminder costs in all; claiming is a part of sending.',
  ],
  counts: { full: 1_000_000, quick: 50_000 },
  arrange,
  sums: [few, all].map(wholeOf),
  figures: [
    besideFew('reminder.cpu', whole, 'cpu us', 'us each'),
    ...steps.flatMap((step) => [
      besideFew(`${step}.cpu`, step, 'cpu us', 'us each'),
      besideFew(`${step}.p50`, step, 'p50 ms', 'ms'),
    ]),
    besideFew('stored', 'stored', 'postgres bytes', 'bytes a reminder'),
    {
      ...{ name: 'backlog.redis', contender: `stored, ${all}`, measure: 'redis kB' },
      ...{ peers: [`stored, ${few}`, `${jobs}, ${few}`, `${jobs}, ${all}`] },
      // Whatever the backlog: a ratio of so little would tell of noise alone.
      targets: [{ atMost: 1_000 }],
    },
  ],
};

function besideFew(name: string, step: string, measure: string, unit: string): FigureOf {
  const other = `${step}, ${few}`;
  return {
    ...{ name: `backlog.${name}`, contender: `${step}, ${all}`, measure, unit, peers: [other] },
    targets: [{ atMost: 1.2, of: other }],
  };
}

function wholeOf(size: string): SumOf {
  const name = (step: string) => `${step}, ${size}`;
  return {
    ...{ name: name(whole), of: [name('accept'), name('send')] },
    measures: ['cpu us', 'node us', 'postgres us'],
  };
}

async function arrange(ground: Ground, count: number, rounds: number): Promise<Arranged> {
  const open = (of: number) => openBacklog(ground, { count: of, turns: rounds });
  const between = [1_000_000].filter((one) => one < count);
  const sizes: [title: string, count: number][] = [
    [few, fewCount],
    ...between.map((one): [string, number] => [`${one.toLocaleString('en-GB')} ahead`, one]),
    [all, count],
  ];
  const backlogs: [title: string, backlog: Backlog][] = [];
  for (const [title, of] of sizes) backlogs.push([title, await open(of)]);
  return {
    contenders: [
      ...steps.flatMap((step) =>
        backlogs.map(([title, one]) => ({ name: `${step}, ${title}`, run: one[step] })),
      ),
      ...backlogs.map(([title, one]) => ({
        name: `stored, ${title}`,
        run: async () => one.stored(),
      })),
      ...(await delayedJobs(ground, sizes)),
    ],
    async close() {
      for (const [, backlog] of backlogs) await backlog.close();
    },
  };
}

/** Counted once, since they are the same each time. */
async function delayedJobs(
  ground: Ground,
  sizes: readonly (readonly [title: string, count: number])[],
): Promise<Contender[]> {
  const contenders: Contender[] = [];
  const database = await ground.createDatabase();
  for (const [title, wanted] of sizes) {
    const count = Math.min(wanted, delayedJobsMax);
    const kb = await redisKbOfDelayedJobs(ground, database, count);
    const run = { 'redis kB': kb, 'redis bytes': (kb * 1_024) / count };
    contenders.push({ name: `${jobs}, ${title}`, run: async () => run });
  }
  await database.drop();
  return contenders;
}
