/**
 * Breaks what Sotto stands on, again and again, while appointments come in and reminders go out, and
 * asks the ledgers of the peers who got what.
 *
 *   npm run chaos                         the whole plan, on both queues side by side: an hour or two
 *   npm run chaos -- --to FILE            keeps the figures of each part, and goes on from those it finds there
 *   npm run chaos -- --table FILE…        plays nothing, and prints what such files hold together
 *   npm run chaos -- --real-leases        waits for leases and windows instead of turning them: many hours
 *   npm run chaos -- --minutes 5          as much of it as five minutes hold, one queue after the other
 *   npm run chaos -- --only worker-kill   one scenario, or several with commas
 *   npm run chaos -- --backend redis      one queue alone
 *   npm run chaos -- --older FOLDER       beside an older version, installed in that folder
 *   SEED=7 npm run chaos                  the same choices as a run that printed this seed
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { findRedis } from '../support/redis-process.ts';
import { playPlan } from './play-plan.ts';
import { keepResult, readResults } from './results-file.ts';
import { type ChaosResult, runChaos } from './run-chaos.ts';
import type { Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import type { Backend } from './stage/stage.ts';
import { summaryTableOf } from './summary-table.ts';
import { faultsOf, notesOf, tableOf } from './table.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    only: { type: 'string' },
    backend: { type: 'string' },
    older: { type: 'string' },
    to: { type: 'string' },
    table: { type: 'boolean' },
    'real-leases': { type: 'boolean' },
  },
});
const backends = chooseBackends(options.backend);
const chosen = chooseScenarios(options.only);
const minutes = options.minutes === undefined ? undefined : readMinutes(options.minutes);
const seed = process.env.SEED === undefined ? newSeed() : readSeed(process.env.SEED);

const results = options.table ? positionals.flatMap(readResults) : await play();
console.log(`\n${tableOf(results)}`);
if (options.table) console.log(`\n${notesOf(results)}\n${summaryTableOf(results)}`);
for (const fault of faultsOf(results)) console.log(`FAULT ${fault}`);
process.exit(faultsOf(results).length > 0 ? 1 : 0);

async function play(): Promise<ChaosResult[]> {
  console.log(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model}, SEED=${seed}`);
  const common = {
    seed,
    realLeases: options['real-leases'] ?? false,
    olderVersion: options.older,
    tell: (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`),
  };
  const stages = backends.map((backend) => ({
    ...{
      ...common,
      backend,
      minutes: minutes === undefined ? undefined : minutes / backends.length,
    },
    scenarios: chosen.filter((scenario) => isPlayed(scenario, backend)),
    redisProgram: backend === 'redis' ? findRedis() : undefined,
  }));
  if (minutes === undefined) {
    const played = stages.map((stage) => playPlan({ ...stage, file: options.to }));
    return (await Promise.all(played)).flat();
  }
  const cuts: ChaosResult[] = [];
  for (const stage of stages.filter(({ scenarios: some }) => some.length > 0)) {
    const cut = await runChaos(stage);
    cuts.push(cut);
    if (options.to !== undefined) keepResult(options.to, cut);
  }
  return cuts;
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
