/**
 * Runs seeded schedules of a whole deployment in memory, and says which promises they broke.
 *
 *   npm run simulate                                 a hundred thousand schedules of a drawn seed
 *   npm run simulate -- --schedules 1000000 --seed 1
 *   npm run simulate -- --seconds 60                 as many as a minute holds
 *   npm run simulate -- --replay 4711                one schedule, told step by step
 *   npm run simulate -- --break                      each known slip must be found
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { brokenPromises } from './broken-promises.ts';
import { lifeRows } from './life-table.ts';
import { runMany, type Total } from './run-many.ts';
import { runSchedule } from './run-schedule.ts';
import { shrink } from './shrink.ts';
import type { WorldOptions } from './world.ts';

const { values: options } = parseArgs({
  options: {
    schedules: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    seconds: { type: 'string' },
    replay: { type: 'string' },
    break: { type: 'boolean', default: false },
  },
});
// Errors are thrown by the thousand here, and nobody reads where.
Error.stackTraceLimit = 0;

if (options.replay !== undefined) await replay({ seed: number(options.replay) });
else if (options.break) await findSlips();
else await simulate();

async function simulate(): Promise<void> {
  const seed = options.seed === undefined ? randomInt(2 ** 31) : number(options.seed);
  const count = number(options.schedules);
  console.log(`${count} schedules from seed ${seed}`);
  const cpu = process.threadCpuUsage();
  const began = performance.now();
  const untilMs =
    began + (options.seconds === undefined ? Infinity : number(options.seconds) * 1_000);
  const total = await runMany({ seed, count, untilMs });
  const used = process.threadCpuUsage(cpu);
  report(total, {
    wallS: (performance.now() - began) / 1_000,
    cpuS: (used.user + used.system) / 1_000_000,
  });
  const [worst] = total.broken.toSorted((one, other) => one.seed - other.seed);
  if (!worst) return;
  await explain({ seed: worst.seed });
  process.exitCode = 1;
}

function report(total: Total, { wallS, cpuS }: { wallS: number; cpuS: number }): void {
  const { schedules, steps, calls, reminders, copies, flagged } = total;
  const perMinute = (seconds: number) =>
    Math.round((schedules / seconds) * 60).toLocaleString('en');
  console.log(
    `${schedules} schedules in ${wallS.toFixed(1)} s: ${perMinute(wallS)} a minute, ` +
      `${perMinute(cpuS)} a minute of one core (${cpuS.toFixed(1)} s)`,
  );
  console.log(
    `${steps} steps, ${calls} calls, ${reminders} reminders, ${copies} copies at the peer`,
  );
  console.log(`${flagged} reminders were flagged as possible duplicates`);
  const states = [...total.states].sort((one, other) => other[1] - one[1]);
  console.log(`ends: ${states.map(([state, count]) => `${state} ${count}`).join(', ')}`);
  const missing = lifeRows.filter((row) => !total.walked.has(row));
  console.log(
    `rows of the table walked: ${lifeRows.length - missing.length} of ${lifeRows.length}`,
  );
  for (const row of lifeRows) console.log(`  ${row} ${total.walked.get(row) ?? 0}`);
  for (const row of missing) console.log(`not walked: ${row}, by chance`);
  console.log(`schedules that broke a promise: ${total.broken.length}`);
  for (const { seed, what } of total.broken) console.log(`  seed ${seed} ${what}`);
}

/** The fewest steps that show what is wrong. */
async function explain(options: WorldOptions): Promise<void> {
  const steps = await shrink(options);
  if (!steps) return;
  console.log(`\nseed ${options.seed}, cut down to ${steps.length} steps:`);
  const { breaches } = await runSchedule({ ...options, tell: tellLine }, steps);
  for (const { promise, what } of breaches) console.log(`BROKEN ${promise}: ${what}`);
}

async function replay(options: WorldOptions): Promise<void> {
  const { breaches, world } = await runSchedule({ ...options, tell: tellLine });
  for (const { id, state, reason_code: reason } of world.tables.reminders) {
    console.log(`${id.slice(-2)} ends ${state} ${reason ?? ''}`);
  }
  for (const { promise, what } of breaches) console.log(`BROKEN ${promise}: ${what}`);
  if (breaches.length > 0) await explain(options);
}

async function findSlips(): Promise<void> {
  for (const { name, statements, fromSeed = 1 } of brokenPromises) {
    const seed = options.seed === undefined ? fromSeed : number(options.seed);
    const { broken, schedules } = await runMany({ seed, count: 5_000, statements, brokenMax: 1 });
    const [first] = broken;
    console.log(
      `${name}: ${first ? `seed ${first.seed}, ${first.what}` : 'NOT FOUND'} (${schedules})`,
    );
    if (!first) process.exitCode = 1;
  }
}

function tellLine(line: string): void {
  console.log(`  ${line}`);
}

function number(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`not a whole number: ${text}`);
  process.exit(2);
}
