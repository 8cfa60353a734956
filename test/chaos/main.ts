/**
 * Breaks what Sotto stands on, again and again, while appointments come in and reminders go out, and
 * asks the ledgers of the peers who got what.
 *
 *   npm run chaos                         the whole plan, on both queues: hours
 *   npm run chaos -- --minutes 5          as much of it as five minutes hold, leases turned forward
 *   npm run chaos -- --only worker-kill   one scenario, or several with commas
 *   npm run chaos -- --backend redis      one queue alone
 *   npm run chaos -- --older FOLDER       beside an older version, installed in that folder
 *   npm run chaos -- --json FILE          figures for programs, beside the table
 *   SEED=7 npm run chaos                  the same choices as a run that printed this seed
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { findRedis } from '../support/redis-process.ts';
import { type ChaosResult, runChaos } from './run-chaos.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import type { Backend } from './stage/stage.ts';
import { faultsOf, tableOf } from './table.ts';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string' },
    only: { type: 'string' },
    backend: { type: 'string' },
    older: { type: 'string' },
    json: { type: 'string' },
  },
});
const backends = chooseBackends(options.backend);
const chosen = chooseScenarios(options.only);
const minutes = options.minutes === undefined ? undefined : readMinutes(options.minutes);
const seed = process.env.SEED === undefined ? newSeed() : readSeed(process.env.SEED);

console.log(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model}, SEED=${seed}`);
const results: ChaosResult[] = [];
for (const [place, backend] of backends.entries()) {
  const played = chosen.filter((scenario) => isPlayed(scenario, backend));
  if (played.length === 0) continue;
  results.push(
    await runChaos({
      ...{ backend, seed, scenarios: played },
      minutes: minutes === undefined ? undefined : minutes / backends.length,
      olderVersion: options.older,
      redisProgram: backend === 'redis' ? findRedis() : undefined,
      tell: (line) => console.error(line),
    }),
  );
  // The next one takes as long again.
  if (place < backends.length - 1) report();
}
report();
process.exit(faultsOf(results).length > 0 ? 1 : 0);

function report(): void {
  console.log(`\n${tableOf(results)}`);
  for (const fault of faultsOf(results)) console.log(`FAULT ${fault}`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
}

function isPlayed({ backend: only, needsOlderVersion, rounds }: Scenario, on: Backend): boolean {
  if (needsOlderVersion && options.older === undefined) return false;
  // What takes minutes a round is played in full runs, and when it is asked for.
  const isToo = minutes === undefined || options.only !== undefined || rounds.least > 0;
  return (only ?? on) === on && isToo;
}

function chooseBackends(name: string | undefined): Backend[] {
  if (name === undefined) return ['postgres', 'redis'];
  if (name !== 'postgres' && name !== 'redis') refuse('--backend takes postgres or redis');
  return [name];
}

function chooseScenarios(only: string | undefined) {
  if (only === undefined) return scenarios;
  const names = only.split(',');
  const known = scenarios.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) refuse(`--only takes some of ${known.join(', ')}`);
  return scenarios.filter(({ name }) => names.includes(name));
}

function readMinutes(text: string): number {
  const given = Number(text);
  if (!(given > 0 && given <= 10_000)) refuse('--minutes takes a number above 0');
  return given;
}

function readSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text)) refuse('SEED is a whole number of up to nine digits');
  return Number(text);
}

function newSeed(): number {
  return Math.floor(Math.random() * 1_000_000_000);
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
