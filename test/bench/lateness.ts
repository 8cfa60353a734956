import assert from 'node:assert/strict';
import { startMessagesPeer } from '../support/messages-peer.ts';
import type { Ground } from './ground.ts';
import { lateOf, type Sender, type Wave } from './late.ts';
import { startSottoOn } from './late-ours.ts';
import { startNaiveOn } from './late-peer.ts';
import type { Arranged, ArrangedMeasurement, FigureOf, Run } from './measurement.ts';

const idle = 'idle, 40 a second';
const flood = 'flood: nine small organisations';
const busy = 'at 80 % of capacity';
const naiveIdle = 'naive BullMQ, idle';
const naiveFlood = 'naive BullMQ, a flood of a tenth';
const smallCount = 9;
const idlePerSecond = 40;
const warmUpCount = 2_000;
const partOfAll = 10;

/** How late reminders come: from when each is due until a provider has it, by the provider's clock. */
export const lateness: ArrangedMeasurement = {
  name: 'lateness',
  about: [
    'From due to handed over, by the clock of the provider: the Twilio SDK in one worker process speaks to',
    'a local Messages API in another, fed by one scheduler process, queue on Redis. Ten organisations.',
    'Flood: so many of one organisation are due in the same second while the nine others go on having',
    'reminders due, some of them in that second; told are the nine, and how many a second came of all,',
    'which is the capacity that 80 % is taken of. Naive BullMQ: a delayed job for each, one queue for all,',
    'the SDK as it comes, 50 at once, one write after each; its flood is of a tenth as many.',
  ],
  counts: { full: 100_000, quick: 10_000 },
  rounds: 1,
  arrange,
  figures: [
    ...latenessFigures('idle', { contender: idle, p99Max: 1, peers: [naiveIdle] }),
    ...latenessFigures('busy', { contender: busy, p99Max: 2 }),
    ...latenessFigures('flood.small', { contender: flood, p99Max: 5, peers: [naiveFlood] }),
    {
      ...{ name: 'lateness.capacity', contender: flood, measure: 'reminders/s' },
      peers: [naiveFlood],
    },
  ],
};

/** @param input.p99Max in seconds */
function latenessFigures(
  name: string,
  { p99Max, ...input }: Pick<FigureOf, 'contender' | 'peers'> & { p99Max: number },
): FigureOf[] {
  const figure = (share: string) => ({
    ...input,
    ...{ name: `lateness.${name}.${share}`, measure: `${share} s`, unit: 's' },
  });
  return [figure('p50'), { ...figure('p99'), targets: [{ atMost: p99Max }] }, figure('p99.9')];
}

async function arrange(ground: Ground, count: number): Promise<Arranged> {
  const peer = await startMessagesPeer();
  // It empties Redis, which Sotto's processes must not stand on yet.
  const naive = await startNaiveOn(ground, { peer });
  const sotto = await startSottoOn(ground, { peer, organisations: 1 + smallCount });
  const quick = count < 50_000;
  for (const sender of [sotto, naive]) {
    await sender.send([{ count: Math.min(warmUpCount, count), overMs: 0 }]);
  }
  let capacity = 0;

  const evenly = async (sender: Sender, perSecond: number): Promise<Run> => {
    const overMs = quick ? 8_000 : 12_000;
    const each = Math.ceil((perSecond * overMs) / 1_000 / (1 + smallCount));
    return lateOf(await sender.send(Array(1 + smallCount).fill({ count: each, overMs })));
  };
  const flooded = async (sender: Sender, ofBig: number): Promise<Run> => {
    // Those of the small ones are over by then at two thousand a second.
    const small: Wave = { count: quick ? 40 : 100, overMs: ofBig / 2 };
    const came = await sender.send([
      { count: ofBig, overMs: 0 },
      ...Array<Wave>(smallCount).fill(small),
    ]);
    return lateOf(
      came.filter(({ wave }) => wave > 0),
      came,
    );
  };
  return {
    contenders: [
      { name: idle, run: () => evenly(sotto, idlePerSecond) },
      {
        name: flood,
        async run() {
          const run = await flooded(sotto, count);
          capacity = run['reminders/s'] ?? 0;
          return run;
        },
      },
      {
        name: busy,
        async run() {
          assert(capacity > 0, `without the ${flood} it is not known what 80 % are`);
          return evenly(sotto, 0.8 * capacity);
        },
      },
      { name: naiveIdle, run: () => evenly(naive, idlePerSecond) },
      { name: naiveFlood, run: () => flooded(naive, count / partOfAll) },
    ],
    async close() {
      await Promise.all([sotto.stop(), naive.stop()]);
      await peer.close();
    },
  };
}
