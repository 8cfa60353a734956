import type { Database } from '../store/database.ts';
import { type AlertWay, countUnalerted } from '../store/incident-alerts.ts';
import type { Log } from '../telemetry/log.ts';

const unalertedMaxS = 120;

/**
 * Tells a switch elsewhere that all is well: every duty is done, and whoever was to be woken was. It is
 * that switch that notices when nothing here can tell anybody anything.
 *
 * @param deps.ping answers whether the switch has heard it
 */
export async function pingDeadMan(deps: {
  database: Pick<Database, 'query'>;
  isEveryDutyDone: () => boolean;
  alertWays: readonly AlertWay[];
  ping: () => Promise<boolean>;
  log: Log;
}): Promise<boolean> {
  const { database, alertWays, log } = deps;
  const unalerted = await countUnalerted(database, { ways: alertWays, forS: unalertedMaxS });
  if (!deps.isEveryDutyDone() || unalerted > 0) {
    log.error('the dead-man switch is not told that all is well', { count: unalerted });
    return false;
  }
  const isHeard = await deps.ping();
  if (!isHeard) log.warn('the dead-man switch did not answer');
  return isHeard;
}
