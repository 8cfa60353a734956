import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { sottoCommand } from '../support/sotto-command.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const told = async () => {
  const { rows } = await database.admin.query(
    `select (select events_days || ' ' || audit_days from kept_floors) as days,
       array(select subject from audit where action = 'retention.set' order by id) as lines`,
  );
  return rows[0];
};

it('how long the database keeps at least is what sotto migrate was told last, and is written down', async () => {
  expect(await told()).toEqual({ days: '90 1096', lines: [] });
  const less = sottoCommand(database, { KEEP_EVENTS_DAYS: '30', KEEP_AUDIT_DAYS: '365' });
  expect(await less('migrate')).toMatchObject({ code: 0 });
  const lines = ['events=30 audit=365'];
  expect(await told()).toEqual({ days: '30 365', lines });
  expect(await less('migrate')).toMatchObject({ code: 0 });
  expect(await told()).toEqual({ days: '30 365', lines });
});

it('and nobody else can lower it', async () => {
  for (const role of ['api', 'patient', 'ops', 'worker', 'scheduler'] as const) {
    const done = database.open(role).query('update kept_floors set events_days = 7');
    await expect(done, role).rejects.toMatchObject({ code: '42501' });
  }
});
