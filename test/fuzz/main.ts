/**
 * Sends made-up requests to a whole running system: what our OpenAPI document describes and near
 * misses of it to the API, and what browsers, scanners and thieves might send to the patient pages.
 *
 *   npm run fuzz                                            100,000 and 20,000
 *   npm run fuzz -- --requests 5000 --pages 1000
 *   SEED=7 npm run fuzz                                     the requests of a run that printed this seed
 *
 * Exit code 1: an answer of 500 or above, a canary that came back, an appointment shown without a
 * proof, or a refused request that changed something.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startSystem } from '../support/system.ts';
import { apiRequests } from './api-requests.ts';
import { newCanary, prepareApi, prepareVisitors } from './ground.ts';
import { apiJudge, pageJudge } from './judge.ts';
import { pageRequests } from './page-requests.ts';
import { type FuzzResult, runFuzz } from './run-fuzz.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    pages: { type: 'string', default: '20000' },
  },
});
const seed = process.env.SEED === undefined ? randomInt(2 ** 30) : Number(process.env.SEED);
console.log(`SEED=${seed}`);

const system = await startSystem({ LOG_LEVEL: 'error' });
const tell = (line: string) => console.error(line);
const canary = newCanary();
const results: FuzzResult[] = [];
try {
  // The pages first: their sessions end after ten minutes without a request.
  const visitors = await prepareVisitors(system, { canary, count: 12 });
  results.push(
    await report('patient pages', () =>
      runFuzz({
        ...{ system, seed, tell, url: system.facts.patientUrl, count: Number(values.pages) },
        requests: pageRequests(visitors, canary),
        judge: pageJudge(visitors, canary),
      }),
    ),
    await report('API', async () =>
      runFuzz({
        ...{ system, seed, tell, url: system.facts.apiUrl, count: Number(values.requests) },
        requests: apiRequests(await prepareApi(system, canary)),
        judge: apiJudge(canary),
      }),
    ),
  );
} finally {
  await system.stop();
}
process.exit(results.every(({ faults }) => faults.length === 0) ? 0 : 1);

async function report(name: string, run: () => Promise<FuzzResult>): Promise<FuzzResult> {
  const startedAt = performance.now();
  const result = await run();
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const { sent, again, routes, byStatus, faults } = result;
  console.log(`${name}: ${sent} requests to ${routes} routes and methods in ${seconds} s`);
  console.log(
    `  answers: ${Object.entries(byStatus)
      .map(([status, count]) => `${status} ${count}`)
      .join(', ')}`,
  );
  console.log(`  refused and sent again, with nothing changed: ${again}`);
  for (const fault of faults) console.log(`  FAULT ${fault}`);
  return result;
}
