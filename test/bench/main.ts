/**
 * Measures Sotto beside what people would use instead, in one run on one machine.
 *
 *   npm run bench                        everything, in a quarter of an hour on two quick cores
 *   npm run bench -- --quick             fewer of each, in less time
 *   npm run bench -- --only dispatch     what begins so; several with commas
 *   npm run bench -- --json FILE         figures for programs, beside the tables
 *   npm run bench -- --svg FILE          figures as a picture
 *   npm run bench -- --readme            figures into the README, between its marks
 *   npm run bench -- --from FILE --readme   those that a run before has put into FILE; nothing is measured
 *   npm run bench -- --rounds 9 --count 1000000
 *   npm run bench -- --only dispatch.null --contender "naive BullMQ"   of all that take turns only these
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chartOf } from './chart.ts';
import { type Figure, figuresOf } from './figures.ts';
import { type Ground, openGround } from './ground.ts';
import { withFigures } from './markdown.ts';
import type { ArrangedMeasurement, Contender, Measurement } from './measurement.ts';
import { measurements } from './measurements.ts';
import { runRounds, withSums } from './run-rounds.ts';
import { countStolenTime } from './stolen-time.ts';
import { summaryOf, tableOf } from './tables.ts';

const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    svg: { type: 'string' },
    readme: { type: 'boolean', default: false },
    from: { type: 'string', multiple: true },
    only: { type: 'string', default: '' },
    contender: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    count: { type: 'string' },
  },
});
const givenRounds = wholeNumber('rounds', options.rounds);
const givenCount = wholeNumber('count', options.count);
const chosen = measurements.filter(({ name }) =>
  options.only.split(',').some((beginning) => name.startsWith(beginning)),
);
if (chosen.length === 0) {
  refuse(
    `--only takes what one of these begins with: ${measurements.map(({ name }) => name).join(', ')}`,
  );
}

const figures = options.from ? options.from.flatMap(readFigures) : await measureAll();
if (options.svg) writeFileSync(options.svg, chartOf(figures));
if (options.readme) writeFileSync(readme, withFigures(readFileSync(readme, 'utf8'), figures));

async function measureAll(): Promise<Figure[]> {
  const startedAt = performance.now();
  const stolenShare = countStolenTime();
  const ground = await openGround();
  try {
    const [cpu] = cpus();
    const machine = `${cpus().length} cores, ${cpu?.model}`;
    console.log(`Node ${process.version}, ${ground.servers}, ${machine}`);
    const all: Figure[] = [];
    for (const measurement of chosen) {
      // One that fails costs the others nothing.
      all.push(
        ...(await measure(ground, measurement).catch((error) => tellOfFailure(measurement, error))),
      );
      if (options.json) writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
    }
    console.log(`\n${summaryOf(all)}`);
    console.log(`\n${minutesSince(startedAt)} in all${toldOfOthers(stolenShare())}`);
    return all;
  } finally {
    await ground.stop();
  }
}

function readFigures(file: string): Figure[] {
  return JSON.parse(readFileSync(file, 'utf8'));
}

async function measure(
  on: Ground,
  measurement: Measurement | ArrangedMeasurement,
): Promise<Figure[]> {
  const { name, about, counts } = measurement;
  const rounds = givenRounds ?? measurement.rounds ?? (options.quick ? 2 : 5);
  const count = givenCount ?? (options.quick ? counts.quick : counts.full);
  const beganAt = performance.now();
  const turns = rounds === 1 ? 'once' : `medians of ${rounds} rounds in turn`;
  console.log(`\n${name}: ${count.toLocaleString('en-GB')} each, ${turns}`);
  for (const line of about) console.log(`  ${line}`);
  // Whoever reads only the tables, or pipes them into a file, need not see them.
  const tell = (line: string) => console.error(`  ${line}`);
  const stage =
    'arrange' in measurement
      ? await measurement.arrange(on, count, rounds)
      : { ...measurement, close: async () => {} };
  try {
    const ran = await runRounds(on, { contenders: chosenOf(stage) }, { count, rounds, tell });
    const runs = withSums(ran, measurement.sums);
    console.log(`\n${tableOf(runs)}\n\n${minutesSince(beganAt)}`);
    return figuresOf(measurement, count, runs);
  } finally {
    await stage.close();
  }
}

function chosenOf({ contenders }: Pick<Measurement, 'contenders'>): readonly Contender[] {
  const wanted = options.contender;
  const some = contenders.filter(({ name }) => wanted?.includes(name) ?? true);
  if (some.length === wanted?.length || !wanted) return some;
  const names = contenders.map(({ name }) => `"${name}"`).join(', ');
  throw new Error(`--contender takes one of these, and may be given several times: ${names}`);
}

function minutesSince(ms: number): string {
  return `${((performance.now() - ms) / 60_000).toFixed(1)} minutes`;
}

/** Where much was taken, waits and absolute figures tell of the others, and only ratios of Sotto. */
function toldOfOthers(share: number | undefined): string {
  return share === undefined
    ? ''
    : `; other machines took ${(100 * share).toFixed(1)} % of the cores`;
}

function tellOfFailure({ name }: Pick<Measurement, 'name'>, error: unknown): [] {
  console.error(`${name} FAILED:`, error);
  process.exitCode = 1;
  return [];
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,7}$/.test(text)) refuse(`--${option} takes a whole number from 1`);
  return Number(text);
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
