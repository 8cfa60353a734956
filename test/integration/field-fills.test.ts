import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppointmentRequest } from '../../src/domain/appointment.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createFieldCounter } from '../../src/usecases/count-fields.ts';
import { watchFieldDrift } from '../../src/usecases/watch-field-drift.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => database.admin.query('truncate field_fills'));

const fillsNow = async () =>
  (
    await database.admin.query(
      'select field, sum(count)::int as count from field_fills group by 1 order by 1',
    )
  ).rows;

const request = (whom?: string): Secret<AppointmentRequest> =>
  new Secret({
    ...{ start: '2027-01-01T10:00:00Z', timeZone: 'Europe/Paris' },
    details: { practitioner: 'Dr Canari', ...(whom === undefined ? {} : { for: whom }) },
    recipient: { phone: '+33639980001' },
  });

describe('the counts of filled fields', () => {
  it('add up over processes, and hold nothing but names of fields', async () => {
    const counters = [1, 2].map(() => createFieldCounter({ database: database.open('api', 1) }));
    for (const counter of counters) {
      for (let one = 0; one < 20; one += 1) {
        counter.count(request(one < 5 ? 'Léa' : undefined), `id-${one}`);
      }
    }
    await Promise.all(counters.map((counter) => counter.flush()));
    expect(await fillsNow()).toEqual([
      { field: '', count: 40 },
      { field: 'details.for', count: 10 },
      { field: 'recipient.phone', count: 40 },
    ]);
  });

  it('say nothing while they are of fewer than twenty appointments, and keep them until then', async () => {
    const counter = createFieldCounter({ database: database.open('api', 1) });
    for (let one = 0; one < 19; one += 1) counter.count(request('Léa'), `id-${one}`);
    await counter.flush();
    expect(await fillsNow()).toEqual([]);
    // One that is put again and again is one.
    for (let again = 0; again < 20; again += 1) counter.count(request('Léa'), 'id-7');
    await counter.flush();
    expect(await fillsNow()).toEqual([]);
    counter.count(request(), 'id-19');
    await counter.flush();
    expect(await fillsNow()).toContainEqual({ field: 'details.for', count: 19 });
  });
});

describe('a field that is filled no more', () => {
  const found: [string, Record<string, number>, number][] = [];
  const watch = async () => {
    found.length = 0;
    await watchFieldDrift({
      database: database.open('scheduler', 1),
      openIncident: async ({ code, since, facts }) =>
        void found.push([code, { ...facts }, Date.now() - since.epochMilliseconds]),
    });
  };
  /** Of every hour of this day of the week, for so many weeks back: so many of so many. */
  const plant = (weeks: number[], counts: Record<string, number>, hours = 24) =>
    database.admin.query(
      `insert into field_fills (hour, field, count)
       select date_trunc('hour', now()) - week * interval '7 days' - hour * interval '1 hour', f.key,
         f.value::int
       from unnest($1::int[]) as week, generate_series(1, $3) as hour, jsonb_each_text($2) as f`,
      [weeks, JSON.stringify(counts), hours],
    );

  it('opens an incident, by its hour and its counts', async () => {
    await plant([1, 2, 3, 4], { '': 1_000, 'details.for': 300, 'recipient.pin': 900 });
    await plant([0], { '': 1_000, 'recipient.pin': 900 }, 1);
    await watch();
    expect(found.map(([code, facts]) => [code, facts])).toEqual([
      [
        'field_drift',
        {
          'details.for.filled': 0,
          'details.for.of': 1_000,
          'details.for.usual_permille': 300,
        },
      ],
      ['field_drift', expect.objectContaining({ 'details.for.of': 1_000 })],
    ]);
    const [[, , hourMs] = ['', {}, 0]] = found;
    expect(hourMs).toBeLessThan(2 * 3_600_000);
  });

  it('is seen in a day where an hour has too few to tell', async () => {
    await plant([1, 2], { '': 30, 'details.for': 20 });
    await plant([0], { '': 30, 'details.for': 1 });
    await watch();
    expect(found.map(([, facts]) => facts['details.for.of'])).toEqual([720]);
  });

  it('is nothing to tell of while fields are filled as they were', async () => {
    await plant([0, 1, 2, 3, 4], { '': 1_000, 'details.for': 300 });
    await watch();
    expect(found).toEqual([]);
  });

  it('is compared with five weeks, and what is older goes', async () => {
    await plant([6], { '': 10 }, 1);
    await watch();
    expect(await fillsNow()).toEqual([]);
  });
});
