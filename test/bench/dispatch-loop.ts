import { startChild } from './child.ts';
import { roleEnvironment } from './dispatch-ours.ts';
import type { Ground } from './ground.ts';
import type { Run } from './measurement.ts';
import { timeDispatch } from './time-dispatch.ts';

/**
 * What nothing that keeps the same rows could be much faster than: one process that claims straight from
 * PostgreSQL and sends, by Sotto's own statements, with nobody to wait for.
 *
 * @param isSealed false: nothing is opened, signed or looked up; it is PostgreSQL alone
 */
export function dispatchInLoop(
  ground: Ground,
  { count, isSealed }: { count: number; isSealed: boolean },
): Promise<Run> {
  return timeDispatch(ground, {
    count,
    async open(database) {
      const child = await startChild('loop.ts', {
        ...roleEnvironment('worker', { ground, database, queue: 'postgres' }),
        LOOP_CLAIMS_AT: database.roleUrls.scheduler.reveal(),
        LOOP_IS_SEALED: String(isSealed),
        LOG_LEVEL: 'error',
      });
      return {
        pids: [child.pid],
        send: (organisationId) => child.ask(organisationId),
        stop: child.stop,
      };
    },
  });
}
