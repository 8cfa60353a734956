import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage/stage.ts';

/** As long as a process is given, and what the machine may add. */
const endedInMs = 10_000;

export const workerEnd: Scenario = {
  name: 'worker-end',
  fault: 'workers told to end (SIGTERM), one after the other, while providers take their time',
  rounds: { full: 20, least: 2 },
  perSecond: 20,
  async prepare({ stage, random }) {
    stage.phones.answer = async () => {
      await wait(random() * 700);
      return 'accept' as const;
    };
    return undefined;
  },
  async round({ stage, breach, untilMore }, number) {
    await untilMore(8);
    const worker = stage.workers[number % 2] ?? stage.workers[0];
    const before = await heartbeats(stage);
    const { code, tookMs } = await worker.end();
    const after = new Set(await heartbeats(stage));
    // The feeder must take nothing more for it.
    if (before.every((instance) => after.has(instance))) breach('a worker left without a farewell');
    if (code !== 0) breach(`a worker told to end ended with ${code}`);
    if (tookMs > endedInMs) breach(`a worker took ${Math.round(tookMs)} ms to end`);
    await worker.ready();
  },
  async check({ breach }, { uncertainMade }) {
    if (uncertainMade > 0) breach(`${uncertainMade} came into doubt though nothing died`);
  },
};

async function heartbeats(stage: Stage): Promise<string[]> {
  const rows = await stage.rows<{ instance: string }>(
    `select instance from heartbeats where name = 'dispatch'`,
  );
  return rows.map(({ instance }) => instance);
}
