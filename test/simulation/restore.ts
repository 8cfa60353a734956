import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdmission } from '../../src/usecases/admit-database.ts';
import type { Past } from './past.ts';
import type { Random } from './random.ts';
import { lifeOf, maySend } from './restore-statements.ts';
import type { Tables } from './tables.ts';
import { silentLog } from './worker.ts';
import type { World } from './world.ts';

/** Keeps a copy of the database as it is. */
export function backUp(world: World): void {
  const { tables, past, watch } = world;
  if (!maySend(tables)) return;
  world.tell(() => 'the database is backed up');
  mark(world);
  past.backup = { tables: copied(tables), forget: watch.remember() };
}

/** The scheduler says outside of the database how far it has got. */
function mark({ tables, past, nowMs }: World): void {
  const life = lifeOf(tables);
  life.beat += 1;
  life.marked_at = nowMs();
  const [server = { identity: '', timeline: '' }] = tables.servers;
  past.mark = {
    ...{ life: life.number, beat: life.beat, at: new Date(nowMs()).toISOString() },
    ...{ identity: server.identity, timeline: server.timeline },
    ...{ transaction: '0', event: '0', accepted: {} },
  };
}

/**
 * The database goes back to its backup; time, the provider and the journal go on. Its files were copied
 * back, or it was loaded from a dump, with everybody stopped; or a standby that was behind has taken over,
 * and workers live on.
 */
export async function restore(world: World, random: Random): Promise<void> {
  const { tables, past, watch } = world;
  const { backup } = past;
  if (!backup) return;
  const how = random.pick(['files', 'dump', 'standby'] as const);
  world.tell(() => `the database goes back to its backup: ${how}`);
  // A copy of files tells by its mark alone.
  if (maySend(tables) && (how === 'files' || random.chance(0.7))) mark(world);
  const gone = copied(tables);
  if (world.goesBack) goBack(world, backup);
  const [server] = tables.servers;
  if (server) {
    server.run = world.nextId();
    if (how === 'dump') server.identity = world.nextId();
    if (how === 'standby') server.timeline = world.nextId();
  }
  watch.restored(gone);
  const survive = how === 'standby' && random.chance(0.5);
  for (const place of survive ? [] : world.workers.keys()) world.restart(place);
  await world.turnClock(random.pick([1_000, 30_000, 600_000]));
}

function goBack({ tables }: World, backup: NonNullable<Past['backup']>): void {
  for (const name of Object.keys(backup.tables) as (keyof Tables)[]) {
    if (name === 'servers') continue;
    const table: object[] = tables[name];
    table.splice(0, table.length, ...copied(backup.tables)[name]);
  }
  backup.forget();
}

/** A scheduler compares the database with its mark, and deals with what was restored; it may die at the end. */
export async function admit(world: World, { dies }: { dies: boolean }): Promise<void> {
  const { past } = world;
  world.tell(
    () => `the database is compared with its mark${dies ? ', and the scheduler dies' : ''}`,
  );
  const folder = await mkdtemp(join(tmpdir(), 'sotto-simulated-'));
  try {
    await writeFile(join(folder, 'api.ndjson'), past.lines.map((line) => `${line}\n`).join(''));
    const { mark: written } = past;
    if (written) {
      await writeFile(join(folder, 'high-water-mark.json'), JSON.stringify(written));
    }
    await world.runAs('scheduler', async (database) => {
      await createAdmission({
        ...{ database, journal: `file:${folder}`, log: silentLog, patienceMs: 0 },
        openIncident: () => (dies ? Promise.reject(new Error('died')) : Promise.resolve()),
      })();
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await world.turnClock(0);
  if (maySend(world.tables)) world.watch.admitted();
  world.watch.look();
}

function copied(tables: Tables): Tables {
  const entries = Object.entries(tables).map(([name, rows]: [string, object[]]) => {
    return [name, rows.map((row) => ({ ...row }))];
  });
  return Object.fromEntries(entries);
}
