import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';

export const workerStop: Scenario = {
  name: 'worker-stop',
  fault: 'a worker frozen (SIGSTOP) past its lease, and thawed',
  rounds: { full: 100, least: 2 },
  async round({ stage, random, isFull, untilMore }) {
    const worker = random.anyOf(stage.workers);
    await untilMore(1);
    await wait(random() * 300);
    worker.signal('SIGSTOP');
    if (isFull) {
      await wait(random.between(1, 120) * 1_000);
    } else {
      await wait(random.between(300, 1_500));
      // What it has in hand is taken from it, and goes to the other.
      await stage.turnClock();
      await untilMore(8);
    }
    worker.signal('SIGCONT');
    await untilMore(5);
  },
};
