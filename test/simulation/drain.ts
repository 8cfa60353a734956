import type { Mood } from './provider.ts';
import { createRandom } from './random.ts';
import { admit } from './restore.ts';
import { maySend } from './restore-statements.ts';
import { askBookingSystems, expire, feed, resume, sweep, tellReceipts } from './steps.ts';
import { grant, lanes, untilNext, type World } from './world.ts';

const roundsMax = 60;
const farMs = 24 * 3_600_000;

/**
 * Lets all trouble be over, and everything run as it should until nothing is owed any more, however
 * long that takes by the simulated clock; what is not settled then is lost.
 *
 * @param options.mood of the provider from now on: one that takes everything, whether it says so or not
 */
export async function drain(
  world: World,
  { toTheEnd, mood }: { toTheEnd: boolean; mood: Mood },
): Promise<void> {
  const { tables, provider } = world;
  world.tell(() => 'all trouble is over');
  provider.mood.sms = mood;
  provider.mood.email = mood;
  provider.redacts = false;
  world.spoilt.clear();
  if (!maySend(tables)) await admit(world, { dies: false });
  for (const pause of tables.pauses.filter(({ ended_at: at }) => at === null)) {
    await resume(world, pause);
  }
  await finishCalls(world);
  for (let round = 0; round < roundsMax && isOwed(world); round += 1) {
    await runDuties(world);
    if (isOwed(world)) await world.turnClock(untilNext(world, { isPatient: true }));
  }
  if (toTheEnd) {
    await world.turnClock(farMs);
    await sweep(world);
    await expire(world);
  }
  world.watch.look();
}

async function runDuties(world: World): Promise<void> {
  const { tables } = world;
  const now = world.nowMs();
  const has = (state: string) => tables.reminders.some((row) => row.state === state);
  if (has('sending') || has('queued')) await sweep(world);
  if (tables.reminders.some((row) => row.not_after <= now)) await expire(world);
  if (tables.reminders.some((row) => row.state === 'scheduled' && row.due_at <= now)) {
    await askBookingSystems(world, () => 'proceed');
    await feed(world, { isHeard: () => true });
  }
  // A word that comes late, while a second copy is on its way.
  if (tables.reminders.some((row) => row.state === 'queued' && row.attempt_count > 0)) {
    await tellReceipts(world, createRandom(now));
  }
  const [worker] = world.workers;
  for (const batchId of world.bells.splice(0)) worker?.dispatch(batchId);
  if (has('uncertain')) for (const lane of lanes) worker?.settle(lane);
  await finishCalls(world);
}

/** Every call that waits is answered, in the order they came. */
async function finishCalls(world: World): Promise<void> {
  for (let made = 0; made < 1_000; made += 1) {
    if (world.io.waiting.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (world.io.waiting.length === 0) return;
    }
    await grant(world, 0, 'none');
  }
}

function isOwed({ tables }: World): boolean {
  return tables.reminders.some(({ state }) =>
    ['scheduled', 'queued', 'sending', 'uncertain'].includes(state),
  );
}
