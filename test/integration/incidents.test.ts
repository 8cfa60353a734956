import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openIncident } from '../../src/usecases/open-incident.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const since = Temporal.Instant.from('2026-11-26T10:00:00Z');

describe('the register of incidents', () => {
  it('holds one open incident of a code, however many open it at once', async () => {
    const deps = [database.open('worker'), database.open('scheduler')].map((one) => ({
      database: one,
    }));
    const opened = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        openIncident(deps[index % 2] as (typeof deps)[0], { code: 'reminders_late', since }),
      ),
    );
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    expect(opened.filter(({ isNew }) => isNew)).toHaveLength(1);
    const { rows } = await database.admin.query(
      'select code, kind from incidents i join incident_entries e on e.incident_id = i.id',
    );
    expect(rows).toEqual([{ code: 'reminders_late', kind: 'seen' }]);
  });
});
