/**
 * Plays on what several machines stand on, with real processes: servers that fail over while
 * appointments come in and reminders go out, and asks the ledgers of the peers who got what.
 *
 *   npm run scale                     every way, three fail-overs each: some minutes
 *   npm run scale -- --only standby   one, or several with commas
 *   npm run scale -- --rounds 1       so many fail-overs each
 *   SEED=7 npm run scale              the same choices as a run that printed this seed
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { faultsOf } from '../chaos/table.ts';
import { findRedis } from '../support/redis-process.ts';
import { playWorld } from './play-world.ts';
import { scaleTableOf } from './scale-table.ts';
import { worlds } from './worlds.ts';

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string', default: '3' } },
});
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000_000));
const names = options.only?.split(',') ?? worlds.map(({ name }) => name);
const chosen = worlds.filter(({ name }) => names.includes(name));
if (chosen.length !== names.length || !(Number(options.rounds) > 0)) {
  console.error(
    `--only takes some of ${worlds.map(({ name }) => name).join(', ')}; --rounds a number`,
  );
  process.exit(2);
}
console.log(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model}, SEED=${seed}`);
const results = [];
for (const world of chosen) {
  results.push(
    await playWorld(world, {
      ...{ seed, rounds: Number(options.rounds), redis: findRedis },
      tell: (line) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`),
    }),
  );
}
console.log(`\n${scaleTableOf(results)}`);
const faults = faultsOf(results);
for (const fault of faults) console.log(`FAULT ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);
