/**
 * Measures Sotto beside what people would use instead, in one run on one machine.
 *
 *   npm run bench                          everything
 *   npm run bench -- --quick               fewer of each, in less time
 *   npm run bench -- --only dispatch.null  one measurement
 *   npm run bench -- --json FILE           figures for programs, beside the table
 *   npm run bench -- --rounds 9 --count 20000
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { dispatchNull } from './dispatch-null.ts';
import { type Figure, figuresOf } from './figures.ts';
import { type Ground, openGround } from './ground.ts';
import type { Measurement } from './measurement.ts';
import { runRounds } from './run-rounds.ts';
import { tableOf } from './table.ts';

const measurements: readonly Measurement[] = [dispatchNull];
const names = measurements.map(({ name }) => name);

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    count: { type: 'string' },
  },
});
const rounds = wholeNumber('rounds', options.rounds) ?? (options.quick ? 3 : 5);
const givenCount = wholeNumber('count', options.count);
const chosen = measurements.filter(
  ({ name }) => options.only === undefined || name === options.only,
);
if (chosen.length === 0) refuse(`--only takes one of ${names.join(', ')}`);

const ground = await openGround();
try {
  const [cpu] = cpus();
  console.log(`Node ${process.version}, ${ground.servers}, ${cpus().length} cores, ${cpu?.model}`);
  const figures: Figure[] = [];
  for (const measurement of chosen) figures.push(...(await measure(ground, measurement)));
  if (options.json) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await ground.stop();
}

async function measure(on: Ground, measurement: Measurement): Promise<Figure[]> {
  const { name, about, counts } = measurement;
  const count = givenCount ?? (options.quick ? counts.quick : counts.full);
  console.log(`\n${name}: ${count} each, medians of ${rounds} rounds in turn`);
  for (const line of about) console.log(`  ${line}`);
  // Whoever reads only the table, or pipes it into a file, need not see them.
  const tell = (line: string) => console.error(`  ${line}`);
  const figures = figuresOf(
    measurement,
    count,
    await runRounds(on, measurement, { count, rounds, tell }),
  );
  console.log(`\n${tableOf(figures)}`);
  return figures;
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,6}$/.test(text)) refuse(`--${option} takes a whole number from 1`);
  return Number(text);
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
