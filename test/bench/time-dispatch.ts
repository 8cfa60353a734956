import type { Channel } from '../../src/domain/channel.ts';
import { checkEachOnce, dueReminders, warmUpOf, warmUpOrganisation } from './due-reminders.ts';
import type { BenchDatabase, Ground } from './ground.ts';
import type { Run } from './measurement.ts';

/** Processes that send what is due in a database. */
export interface Dispatching {
  readonly pids: readonly number[];
  /** Resolves when nothing of this organisation is owed any more. */
  send(organisationId: string): Promise<void>;
  stop(): Promise<void>;
}

/** Each step of a reminder that Sotto tells of on this way: queued, sending, sent. */
const eventsOfEach = 3;

/**
 * Times what sends Sotto's own rows, by the database's clock: from the first batch that was made until
 * the last reminder was recorded as sent. That each was sent once, with all its rows, is checked.
 */
export async function timeDispatch(
  ground: Ground,
  input: {
    count: number;
    channel?: Channel;
    warmUp?: number;
    open: (database: BenchDatabase) => Promise<Dispatching>;
  },
): Promise<Run> {
  const { count, channel = 'sms', warmUp = warmUpOf(input.count), open } = input;
  await ground.redis.admin.flushall();
  const database = await ground.createDatabase(dueReminders(ground, { count, channel, warmUp }));
  const dispatching = await open(database);
  try {
    await dispatching.send(await warmUpOrganisation(database));
    await database.settle();
    const meter = ground.startMeter(dispatching.pids);
    const { rows } = await database.admin.query(
      'update pauses set ended_at = clock_timestamp() returning ended_at::text',
    );
    await dispatching.send(database.organisationId);
    const costs = meter.perOne(count);
    await checkEachOnce(database, { count: warmUp + count, eventsOfEach });
    const seconds = await secondsSince(database, rows[0].ended_at);
    return { 'reminders/s': count / seconds, ...costs };
  } finally {
    await dispatching.stop();
    await database.drop();
  }
}

async function secondsSince({ admin }: BenchDatabase, moment: string): Promise<number> {
  const { rows } = await admin.query(
    `select extract(epoch from (select max(sent_at) from reminders)
       - (select min(created_at) from batches where created_at >= $1))::float8 as seconds`,
    [moment],
  );
  return rows[0]?.seconds;
}
