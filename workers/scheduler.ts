import { randomUUID } from 'node:crypto';
import type { Config } from '../config/env.ts';
import { channelsAvailable } from '../config/transports.ts';
import packageFile from '../package.json' with { type: 'json' };
import { type Lane, laneKey, lanesOf } from '../src/domain/lane.ts';
import { createBells } from '../src/queue/bells.ts';
import { openCheckedDatabase } from '../src/roles/checked-database.ts';
import { checkedQueueUrl } from '../src/roles/checked-queue.ts';
import type { Database } from '../src/store/database.ts';
import { writeHeartbeat } from '../src/store/heartbeats.ts';
import { createLog, type Log } from '../src/telemetry/log.ts';
import { feedDueReminders, newFeedCursor } from '../src/usecases/feed-due-reminders.ts';
import { leaveStuckLanes } from '../src/usecases/leave-stuck-lanes.ts';
import { measureMinutes } from '../src/usecases/measure-minutes.ts';
import { prepareEventMonths, retireExpired } from '../src/usecases/retire-expired.ts';
import { sweepExpired, sweepLeases } from '../src/usecases/sweep-leases.ts';
import { type Duty, startDuties } from './duties.ts';
import { feedAgain } from './feed-again.ts';
import { createLaneFeeder } from './lane-feeder.ts';

/**
 * Runs the process that feeds, sweeps and expires. It reads nothing that is sealed and leads
 * nobody: several of it are safe, and none of them is needed for another to work.
 *
 * @throws {ConfigError} for a setting, a database or a queue that it must not run with
 */
export async function runScheduler(config: Config): Promise<{ close(): Promise<void> }> {
  const log = createLog({ role: 'scheduler', level: config.LOG_LEVEL });
  const queueUrl = await checkedQueueUrl(config, log);
  const database = await openCheckedDatabase(config, { role: 'scheduler', log });
  const bells = createBells({ url: queueUrl, log });
  const instance = randomUUID();
  const duties = startDuties(schedulerDuties({ config, database, ring: bells.ring, log }), {
    log,
    beat: (name) => writeHeartbeat(database, { name, instance, version: packageFile.version }),
  });
  log.info('feeding what is due');
  return {
    async close() {
      await duties.close();
      await bells.close();
      await database.close();
    },
  };
}

function schedulerDuties(deps: {
  config: Config;
  database: Database;
  ring: (batchId: string) => void;
  log: Log;
}): Duty[] {
  const { config, database, ring, log } = deps;
  return [
    { name: 'feed', everyMs: 1_000, run: createFeeding({ config, database, ring }) },
    { name: 'sweep', everyMs: 10_000, run: () => sweepLeases({ database, log }) },
    { name: 'expire', everyMs: 10_000, run: () => sweepExpired({ database }) },
    {
      name: 'stuck-lanes',
      everyMs: 60_000,
      run: () => leaveStuckLanes({ database, log }, { available: channelsAvailable(config) }),
    },
    { name: 'measure', everyMs: 10_000, run: () => measureMinutes({ database }) },
    { name: 'retire', everyMs: 600_000, run: () => retireExpired({ database }) },
    { name: 'event-months', everyMs: 21_600_000, run: () => prepareEventMonths({ database }) },
  ];
}

/** A round of feeding every lane, each at the rate of its channel and going on where it was. */
function createFeeding(deps: {
  config: Config;
  database: Database;
  ring: (batchId: string) => void;
}): () => Promise<void> {
  const { config } = deps;
  const lanes = lanesOf(channelsAvailable(config));
  const cursors = new Map(lanes.map((lane) => [laneKey(lane), newFeedCursor()]));
  const perSecond = { sms: config.SMS_PER_SECOND, email: config.EMAIL_PER_SECOND };
  const feed = (lane: Lane) => {
    const cursor = cursors.get(laneKey(lane)) ?? newFeedCursor();
    return feedDueReminders(deps, { lane, perSecond: perSecond[lane.channel], cursor });
  };
  return createLaneFeeder({ lanes, feed: (lane) => feedAgain(() => feed(lane)) });
}
