import { setTimeout as wait } from 'node:timers/promises';
import { waitFor } from '../../support/wait-for.ts';
import type { Scenario, Scene } from '../scenario.ts';

export const workerStop: Scenario = {
  name: 'worker-stop',
  fault: 'a worker frozen (SIGSTOP) past its lease with sends in the air, and thawed',
  rounds: { full: 20, least: 1 },
  async prepare({ stage, random }) {
    stage.phones.answer = async () => {
      await wait(100 + random() * 600);
      return 'accept' as const;
    };
    return undefined;
  },
  async round(scene) {
    const { stage, random, realLeases, book, untilMore, breach } = scene;
    const worker = random.anyOf(stage.workers);
    const before = stage.phones.requests();
    await book(20);
    await waitFor(() => stage.phones.requests() > before, 10_000, 2);
    worker.signal('SIGSTOP');
    if (realLeases) {
      await wait(random.between(1, 120) * 1_000);
    } else {
      // What it has in hand is taken from it, and goes to the other.
      await stage.turnClock(0);
      await waitFor(async () => (await countLate(scene)) === 0, 20_000);
    }
    worker.signal('SIGCONT');
    if (!(await untilMore(5))) breach('nothing went out any more');
  },
};

async function countLate({ stage }: Scene): Promise<number> {
  const [row] = await stage.rows<{ count: number }>(
    `select count(*)::int as count from reminders
     where state in ('queued', 'sending') and lease_until < clock_timestamp()`,
  );
  return row?.count ?? 0;
}
