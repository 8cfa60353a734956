import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';
import type { Actor } from '../stage/stage.ts';

let second: Actor | undefined;

export const schedulers: Scenario = {
  name: 'schedulers',
  fault: 'two schedulers at once; one killed or frozen each round',
  rounds: { full: 21, least: 3 },
  perSecond: 20,
  async prepare({ stage }) {
    const added = await stage.addActor('scheduler');
    second = added;
    return () => stage.dismiss(added);
  },
  async round({ stage, random, realLeases, untilMore, breach }, number) {
    const scheduler = random.anyOf([stage.scheduler, second ?? stage.scheduler]);
    await wait(random() * 700);
    if (number % 3 < 2) {
      await scheduler.kill();
    } else {
      scheduler.signal('SIGSTOP');
      await wait(realLeases ? random.between(1_000, 40_000) : 1_500);
      scheduler.signal('SIGCONT');
    }
    // One that is frozen while it feeds keeps the other from feeding until its transaction is ended.
    if (!(await untilMore(10, 45_000))) breach('nothing went out any more');
  },
  async check({ breach }, { uncertainMade }) {
    if (uncertainMade > 0) breach(`${uncertainMade} came into doubt though no worker died`);
  },
};
