import type { Scenario } from '../scenario.ts';
import { scriptOf } from '../stage/stage.ts';

export const versions: Scenario = {
  name: 'versions',
  fault: 'workers and schedulers of an older version beside those of this one, and alone',
  needsOlderVersion: true,
  rounds: { full: 10, least: 1 },
  perSecond: 20,
  async round({ stage, untilMore, breach }) {
    const script = scriptOf(stage.olderVersion ?? '');
    const [scheduler, worker] = await Promise.all([
      stage.addActor('scheduler', { script }),
      stage.addActor('worker', { script }),
    ]);
    if (!(await untilMore(30))) breach('nothing went out with both at work');
    for (const one of [stage.scheduler, ...stage.workers]) one.signal('SIGSTOP');
    await stage.turnClock(0);
    if (!(await untilMore(15, 60_000))) breach('the older version sent nothing');
    for (const one of [stage.scheduler, ...stage.workers]) one.signal('SIGCONT');
    await Promise.all([stage.dismiss(scheduler), stage.dismiss(worker)]);
    if (!(await untilMore(15))) breach('nothing went out after the older version had left');
  },
};
