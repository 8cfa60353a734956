import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario, Scene } from '../chaos/scenario.ts';
import type { Booking } from '../chaos/stage/bookings.ts';
import { runCommand } from '../support/run-command.ts';
import { waitFor } from '../support/wait-for.ts';
import { startFollowedPostgres } from './followed-postgres.ts';
import type { World } from './world.ts';

const perSecond = 20;
const stillMs = 30_000;
/** How much the standby misses. */
const missedMs = 4_000;

/**
 * Nobody waits for the standby, and it has missed some seconds when it takes over: what was confirmed in
 * them is gone. In every second round the mark outside of the database had seen some of it, so that
 * sending stops until a person resumes it. Booking systems do what the incident asks of them.
 */
export const lateStandby: World = {
  name: 'standby-late',
  backend: 'postgres',
  async open() {
    const postgres = await startFollowedPostgres({ isSynchronous: false });
    const scenario: Scenario = {
      ...{ name: 'standby-late', perSecond: 0, dueInMs: 12_000, rounds: { full: 3, least: 1 } },
      fault: 'a standby that nobody waits for is cut off, and promoted some seconds later',
      alarms: ['restored_behind'],
      async round(scene, number) {
        const { stage, untilMore, breach } = scene;
        await postgres.follow();
        const { number: lived } = await lifeOf(stage);
        const traffic = bookSteadily(scene);
        await untilMore(20, stillMs);
        const taken = scene.bookings.all.filter(({ id }) => id !== undefined).slice(-5);
        await wait(500);
        const sinceMs = Date.now() - 1_000;
        postgres.cutOff();
        await Promise.all(taken.map((booking) => scene.bookings.cancel(booking)));
        if (number % 2 === 1) await markAnew(stage);
        await wait(missedMs);
        await postgres.takeOver(stage);
        await afterwards(scene, { lived, sinceMs, cancelled: taken, isBehind: number % 2 === 1 });
        if (!(await untilMore(20, 60_000))) breach('nothing went out any more');
        await traffic.stop();
      },
    };
    return { shape: { postgres: postgres.first }, scenario, close: postgres.close };
  },
};

function bookSteadily({ bookings }: Scene) {
  let stopping = false;
  const work = (async () => {
    while (!stopping) {
      if (bookings.open() < 60) void bookings.put();
      await wait(1_000 / perSecond);
    }
  })();
  return {
    async stop() {
      stopping = true;
      await work;
    },
  };
}

/** Waits until people are told, and does what they are asked to do: put again, cancel again, resume. */
async function afterwards(
  { stage, tenant, bookings, breach, note }: Scene,
  told: { lived: number; sinceMs: number; cancelled: readonly Booking[]; isBehind: boolean },
): Promise<void> {
  await waitFor(async () => {
    const { number, ready } = await lifeOf(stage);
    return ready && number > told.lived;
  }, stillMs);
  const stored = await stage.rows<{ reference: string }>('select reference from appointments');
  const references = new Set(stored.map(({ reference }) => reference));
  const since = bookings.all.filter(({ acceptedAtMs = 0 }) => acceptedAtMs >= told.sinceMs);
  note('answered 2xx and gone', since.filter(({ reference }) => !references.has(reference)).length);
  const named = await stage.rows('select from incident_organisations where organisation_id = $1', [
    tenant.organisationId,
  ]);
  if (told.isBehind && named.length === 0) breach('nobody was told that what was accepted is gone');
  const [pause] = await stage.rows('select from pauses where ended_at is null');
  if ((pause !== undefined) !== told.isBehind) breach(`sending was ${pause ? '' : 'not '}stopped`);
  for (const booking of since) await bookings.putAgain(booking);
  for (const booking of told.cancelled) await bookings.cancel(booking);
  if (pause) await resume(stage.queueUrl().reveal());
}

/** A scheduler marks how far the database has got when it starts. */
async function markAnew(stage: Scene['stage']): Promise<void> {
  const beat = async () => {
    const [row] = await stage.rows<{ beat: string }>(
      'select sum(beat) as beat from database_lives',
    );
    return row?.beat;
  };
  const before = await beat();
  await stage.scheduler.kill();
  await waitFor(async () => (await beat()) !== before, stillMs);
}

async function lifeOf(stage: Scene['stage']): Promise<{ number: number; ready: boolean }> {
  const [row] = await stage.rows<{ number: number; ready: boolean }>(
    'select number, ready_at is not null as ready from database_lives order by number desc limit 1',
  );
  if (!row) throw new TypeError('life');
  return row;
}

async function resume(databaseUrl: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-scale-'));
  const env = { DATABASE_URL: databaseUrl, DATA_DIR: folder };
  const words = ['resume', '--reason', 'the world goes on', '--yes'];
  const { code, errors } = await runCommand(words, { env });
  rmSync(folder, { recursive: true, force: true });
  if (code !== 0) throw new Error(`sotto resume ended with ${code}: ${errors}`);
}
