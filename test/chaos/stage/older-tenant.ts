import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type pg from 'pg';

const run = promisify(execFile);

/** Without quiet hours and jitter, and with ceilings out of reach, as far as a version has them. */
const settings = {
  ...{ quiet_from: '00:00', quiet_until: '00:00', jitter_minutes: 0, requests_per_minute: null },
  ...{ appointments_per_hour: 1_000_000, appointments_per_day: 10_000_000 },
  ...{ reminders_per_hour: 1_000_000, reminders_per_day: 10_000_000, numbers_per_hour: 50_000 },
};

/** An organisation in the schema of an older version, and a key that its own command line made. */
export async function createOlderTenant({
  admin,
  script,
  name,
  environment,
}: {
  admin: pg.Pool;
  script: string;
  name: string;
  environment: Record<string, string>;
}): Promise<{ organisationId: string; apiKey: string }> {
  const { rows } = await admin.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_name = 'organisations'`,
  );
  const known = new Set(rows.map((column) => column.name));
  const row = Object.entries({ id: randomUUID(), name, ...settings }).filter(([column]) =>
    known.has(column),
  );
  const { rows: made } = await admin.query<{ id: string }>(
    `insert into organisations (${row.map(([column]) => column).join(', ')})
     values (${row.map((_, place) => `$${place + 1}`).join(', ')}) returning id`,
    row.map(([, value]) => value),
  );
  const organisationId = made[0]?.id ?? '';
  const words = ['key', 'create', '--organisation', organisationId, '--mode', 'test', '--json'];
  const { stdout } = await run(process.execPath, [script, ...words], { env: environment });
  return { organisationId, apiKey: JSON.parse(stdout).key };
}
