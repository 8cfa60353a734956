import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario, Scene } from '../scenario.ts';

/** From when a duty is done no more until somebody knows. */
const knownWithinS = 120;

export const nobodyFeeds: Scenario = {
  name: 'nobody-feeds',
  fault: 'the only scheduler frozen until somebody is told of it',
  rounds: { full: 10, least: 0 },
  alarms: ['duty_silent'],
  dueInMs: 5_000,
  async round(scene) {
    const { stage, untilMore, breach, note } = scene;
    const before = await countSightings(scene);
    const stoppedAtMs = Date.now();
    stage.scheduler.signal('SIGSTOP');
    while ((await countSightings(scene)) === before) {
      const s = (Date.now() - stoppedAtMs) / 1_000;
      if (s > knownWithinS) {
        breach(`nobody was told within ${knownWithinS} s that nothing is fed`);
        break;
      }
      await wait(500);
    }
    note('seconds until told', Math.round((Date.now() - stoppedAtMs) / 1_000));
    stage.scheduler.signal('SIGCONT');
    if (!(await untilMore(10, 60_000))) breach('nothing went out any more');
  },
};

async function countSightings({ stage }: Scene): Promise<number> {
  const [row] = await stage.rows<{ count: number }>(
    `select count(*)::int as count from incident_entries e join incidents i on i.id = e.incident_id
     where i.code = 'duty_silent' and e.kind = 'seen'`,
  );
  return row?.count ?? 0;
}
