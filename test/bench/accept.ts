import { percentile } from '../support/percentile.ts';
import { type AcceptWay, acceptWays, naiveTable } from './accept-ways.ts';
import { startApi } from './api-process.ts';
import type { Ground } from './ground.ts';
import type { LoadResult } from './http-load.ts';
import type { Arranged, ArrangedMeasurement, Run } from './measurement.ts';

const ours = 'Sotto';
const unbounded = 'Sotto, no ceilings';
const atRate = 'Sotto, open loop, 500 a second';
const perSecond = 500;
const warmUpCount = 1_500;
const titles: Record<AcceptWay, string> = {
  'no database': 'same route, no database',
  'no seal': 'same route and rows, no seal',
  'one INSERT each': 'same seal, one INSERT each',
};
const limit = titles['no database'];
const peers = [titles['no seal'], titles['one INSERT each']];

/** How many appointments a second one API process accepts, and how long each waits for its answer. */
export const accept: ArrangedMeasurement = {
  name: 'accept',
  about: [
    'PUT of a new appointment with one reminder on 100 connections, to one API process of four each.',
    'Sotto: validated, sealed, seven rows in a shared commit, read back and compared, a signed receipt.',
    'Beside it the same checks, seal and receipt without any store; the same rows unsealed; and one row',
    'inserted for each request by a pool of 16. Client, API and PostgreSQL share the machine. The open',
    'loop counts from when each request was due to leave, answered or not. Sotto counts appointments and',
    'reminders for ceilings of an hour and of a day; beside it, in a database of its own, without any.',
  ],
  counts: { full: 3_000, quick: 500 },
  arrange,
  figures: [
    {
      ...{ name: 'accept', contender: ours, measure: 'requests/s', limits: [limit], peers },
      targets: [{ least: 0.8, of: limit }],
    },
    { name: 'accept.ceilings', contender: ours, measure: 'requests/s', peers: [unbounded] },
    {
      ...{ name: 'accept.ceilings.cpu', contender: ours, measure: 'cpu us', unit: 'us each' },
      peers: [unbounded],
    },
    {
      ...{ name: 'accept.p99', contender: atRate, measure: 'p99 ms', unit: 'ms' },
      targets: [{ atMost: 80 }],
    },
  ],
};

async function arrange(ground: Ground, count: number): Promise<Arranged> {
  const database = await ground.createDatabase();
  await database.admin.query(naiveTable);
  await database.admin.query('grant all on naive_appointments to sotto_api');
  const apis = [await startApi(ground, database)];
  for (const way of acceptWays) apis.push(await startApi(ground, database, { way }));
  const [sotto, ...others] = apis;
  if (!sotto) throw new Error('no API');
  const free = await ground.createDatabase();
  const boundless = await startApi(ground, free, { ceilings: false });
  apis.push(boundless);
  for (const api of apis) await api.putAsFastAsAnswered(Math.min(count, warmUpCount));

  const measured = async (pid: number, put: () => Promise<LoadResult>): Promise<Run> => {
    const meter = ground.startMeter([pid]);
    const { perSecond: value, latenciesMs } = await put();
    const { 'redis us': _, ...costs } = meter.perOne(count);
    const { 'node us': node, 'postgres us': postgres } = costs;
    const cpu = node === undefined || postgres === undefined ? undefined : node + postgres;
    return { 'requests/s': value, ...latenciesOf(latenciesMs), ...costs, 'cpu us': cpu };
  };
  return {
    contenders: [
      { name: ours, run: () => measured(sotto.pid, () => sotto.putAsFastAsAnswered(count)) },
      {
        name: unbounded,
        run: () => measured(boundless.pid, () => boundless.putAsFastAsAnswered(count)),
      },
      { name: atRate, run: () => measured(sotto.pid, () => sotto.putAtRate({ count, perSecond })) },
      ...others.map((api, place) => ({
        name: titles[acceptWays[place] as AcceptWay],
        run: () => measured(api.pid, () => api.putAsFastAsAnswered(count)),
      })),
    ],
    async close() {
      for (const api of apis) api.signal('SIGTERM');
      await Promise.all(apis.map(({ gone }) => gone));
      await Promise.all([database.drop(), free.drop()]);
    },
  };
}

function latenciesOf(latenciesMs: readonly number[]): Run {
  const at = (share: number) => percentile(latenciesMs, share);
  return { 'p50 ms': at(0.5), 'p99 ms': at(0.99), 'p99.9 ms': at(0.999) };
}
