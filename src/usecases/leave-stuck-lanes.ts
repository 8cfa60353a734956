import { limits } from '../../config/limits.ts';
import { type Channel, channels } from '../domain/channel.ts';
import { type Lane, lanesOf } from '../domain/lane.ts';
import type { Connection, Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import { listDueOrganisations } from '../store/feed.ts';
import { readLaneLoad } from '../store/lane-load.ts';
import { changeChannelOfStuck } from '../store/stuck-lanes.ts';
import type { Log } from '../telemetry/log.ts';

const organisationsMax = 1_000;
const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * Lets reminders leave a lane that nothing leaves: because every worker finds its provider down, or
 * because its channel has been switched off. Each goes on by its other link, if it has one that was
 * never tried and that lane is well; those without wait on.
 *
 * @param available channels that this deployment can send on
 */
export async function leaveStuckLanes(
  { database, log }: { database: Pick<Database, 'transaction'>; log: Log },
  { available }: { available: readonly Channel[] },
): Promise<void> {
  for (const lane of lanesOf(channels)) {
    const count = await database.transaction([], (connection) =>
      leaveStuck(connection, { lane, available }),
    );
    if (count > 0) log.warn('reminders go on by the other channel', { count });
  }
}

async function leaveStuck(
  connection: Connection,
  { lane, available }: { lane: Lane; available: readonly Channel[] },
): Promise<number> {
  if (!(await tryDuty(connection, `stuck ${lane.channel} ${lane.mode}`))) return 0;
  const isOff = !available.includes(lane.channel);
  if (!isOff && !(await isHeldUp(connection, lane))) return 0;
  const others = available.filter((channel) => channel !== lane.channel);
  for (const channel of others) {
    if (await isHeldUp(connection, { ...lane, channel })) return 0;
  }
  if (others.length === 0) return 0;
  const { organisations } = await listDueOrganisations(connection, {
    ...lane,
    after: nobody,
    countMax: organisationsMax,
    evenUnanswered: true,
  });
  const organisationIds = organisations.map(({ id }) => id);
  const patienceMs = isOff ? 0 : limits.heldUpPatienceMs;
  return changeChannelOfStuck(connection, { ...lane, organisationIds, patienceMs });
}

/** Whether every worker that is there finds this lane's provider down. */
async function isHeldUp(connection: Connection, lane: Lane): Promise<boolean> {
  const { workers, workersHeldUp } = await readLaneLoad(connection, {
    ...lane,
    windowMs: 1_000,
    countMax: 1,
    leaseMs: limits.batchLeaseMs,
  });
  return workers > 0 && workersHeldUp >= workers;
}
