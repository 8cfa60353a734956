import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { createRandom } from '../simulation/random.ts';
import { maySend } from '../simulation/restore-statements.ts';
import { runSchedule, scheduleOf } from '../simulation/run-schedule.ts';
import { type Step, withRestore } from '../simulation/steps.ts';
import type { Tables } from '../simulation/tables.ts';
import { asText, createTwinDatabase } from '../simulation/twin-database.ts';
import type { Backend, Role } from '../simulation/world.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

// The simulation plays the store's statements in memory. Were they not what PostgreSQL does, it would
// prove the promises of something else.
let database: TestDatabase;
let roles: Record<Role, Database>;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.admin.query(clockThatIsTurned);
  roles = {
    api: database.open('api', 1),
    ops: database.open('ops', 1),
    scheduler: database.open('scheduler', 1),
    worker: database.open('worker', 2),
  };
});
afterAll(() => database.drop());

/** Whoever asks for the time without saying whose is told the simulated one. */
const clockThatIsTurned = `
  create schema simulated;
  create table simulated.clock (at timestamptz not null);
  insert into simulated.clock values (now());
  create function simulated.clock_timestamp() returns timestamptz language sql stable
    as 'select at from simulated.clock';
  create function simulated.now() returns timestamptz language sql stable
    as 'select at from simulated.clock';
  grant usage on schema simulated to public;
  grant select on simulated.clock to public;
  alter table attempts alter started_at set default simulated.clock_timestamp();
  alter policy only_at_once on attempts with check (copy_owed_at <= simulated.clock_timestamp());
  alter function begin_doubt() set search_path = simulated, pg_catalog, public, pg_temp;
  alter function write_intents set search_path = simulated, pg_catalog, public, pg_temp;
  alter function doubt_restored set search_path = simulated, pg_catalog, public, pg_temp;
  alter function replay_journal set search_path = simulated, pg_catalog, public, pg_temp;
  do $$ begin execute format('alter database %I set search_path = simulated, pg_catalog, public',
    current_database()); end $$`;

const schedulesMin = 12;
const schedulesMax = 300;
const budgetMs = 6_000;
const stepsMax = 14;
const dayMs = 86_400_000;
const first = randomInt(2 ** 30);

it(`plays what PostgreSQL does, statement by statement (seeds from ${first})`, async () => {
  const differences: string[] = [];
  const walked = new Set<string>();
  const untilMs = performance.now() + budgetMs;
  let place = 0;
  for (; place < schedulesMax; place += 1) {
    if (place >= schedulesMin && performance.now() > untilMs) break;
    const seed = first + place;
    const ran = await runSchedule(
      {
        seed,
        startMs: Date.parse('2026-12-01T09:00:00Z') + place * 3 * dayMs,
        backendOf: (world) => twinOf(world, (what) => differences.push(`seed ${seed}: ${what}`)),
      },
      stepsOf(seed, place),
    );
    expect(ran.breaches, `seed ${seed}`).toEqual([]);
    for (const row of ran.world.watch.walked) walked.add(row);
    differences.push(...(await compareTables(ran.world.tables)).map((what) => `${seed}: ${what}`));
    await forget();
    if (differences.length > 0) break;
  }
  expect(differences.slice(0, 3)).toEqual([]);
  expect(walked.size, 'rows of the table').toBeGreaterThan(10);
});

/** PostgreSQL goes back to no backup here: it is found to be another server as it stands. */
function stepsOf(seed: number, place: number): Step[] {
  const steps = scheduleOf(seed, stepsMax);
  return place % 3 === 2 ? withRestore(createRandom(seed), steps) : steps;
}

function twinOf(
  { tables, nowMs }: { tables: Tables; nowMs: () => number },
  onDifference: (what: string) => void,
): Backend {
  let arranged = '';
  return {
    databaseOf: (role) => createTwinDatabase(roles[role], { tables, nowMs, onDifference }),
    async arrange() {
      const { admin } = database;
      await admin.query('update simulated.clock set at = $1', [new Date(nowMs())]);
      await admin.query(
        `update database_lives set run = case when $1 then current_run() else 'another' end
         where number = (select max(number) from database_lives)`,
        [maySend(tables)],
      );
      const wanted = JSON.stringify([tables.organisations, tables.heartbeats]);
      if (wanted === arranged) return;
      arranged = wanted;
      for (const { id, uncertain_policy } of tables.organisations) {
        const { rowCount } = await admin.query('select from organisations where id = $1', [id]);
        if (rowCount === 0) await database.createOrganisation({ id, uncertain_policy });
      }
      for (const { id, organisation_id: of, on_no_answer: onNoAnswer } of tables.checks) {
        await admin.query(
          `insert into send_checks (id, organisation_id, mode, url, on_no_answer)
           values ($1, $2, 'live', 'https://booking.example', $3) on conflict do nothing`,
          [id, of, onNoAnswer],
        );
      }
      await admin.query('delete from heartbeats');
      await admin.query(
        `insert into heartbeats (name, instance, version, beat_at)
         select name, instance, '0', 'infinity' from unnest($1::text[], $2::text[]) b (name, instance)`,
        [
          tables.heartbeats.map(({ name }) => name),
          tables.heartbeats.map(({ instance }) => instance),
        ],
      );
    },
  };
}

/** What is left when a schedule has ended, without what only the true tables have. */
async function compareTables(tables: Tables): Promise<string[]> {
  const compared = [
    ...(['appointments', 'reminders', 'links', 'attempts', 'events', 'questions'] as const),
  ];
  const found: string[] = [];
  for (const name of compared) {
    const rows: readonly object[] = tables[name];
    const columns = Object.keys(rows[0] ?? {});
    if (columns.length === 0) continue;
    const { rows: real } = await database.admin.query(
      `select ${columns.map((column) => (column === 'parcel_day' ? 'parcel_day::text' : column))}
       from ${name === 'questions' ? 'send_questions' : name} ${name === 'events' ? 'where reminder_id is not null' : ''}`,
    );
    const mine = asText(rows as Record<string, unknown>[], columns);
    const theirs = asText(real, columns);
    if (mine !== theirs) found.push(`${name}\n  played ${mine}\n  true   ${theirs}`);
  }
  return found;
}

async function forget(): Promise<void> {
  await database.admin.query(
    'delete from send_checks; delete from appointments; delete from batches; delete from pauses; delete from events; delete from database_lives where number > 1',
  );
}
