import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redriveDeadLetters, redriveReminder } from '../../src/usecases/redrive-dead-letters.ts';
import { sweepExpired } from '../../src/usecases/sweep-leases.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let organisationId: string;
let accept: Awaited<ReturnType<typeof createTestAccept>>;
let removeKeys: () => Promise<void>;

beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  const { keys, directory, remove } = await createTestKeys([organisationId]);
  removeKeys = remove;
  accept = await createTestAccept({ database: database.open('api'), keys, directory });
});
afterAll(async () => {
  await removeKeys();
  await database.drop();
});

const by = { actor: 'tester', reason: 'a race' };
const keyOf = (reference: string) => ({ organisationId, mode: 'test' as const, reference });

/** An appointment as accepted, whose only reminder has failed. */
async function putFailed(reference: string): Promise<string> {
  const { reminders } = await accept.put({ ...keyOf(reference), body: appointmentRequest() });
  const id = reminders[0]?.id ?? '';
  await database.admin.query(
    `update reminders set state = 'failed', reason_code = 'provider_refused' where id = $1`,
    [id],
  );
  return id;
}

describe('a redrive that meets real requests', () => {
  const others: Record<string, (reference: string) => Promise<unknown>> = {
    'a PUT that seals it anew': (reference) =>
      accept.put({ ...keyOf(reference), body: appointmentRequest() }),
    'a PUT that moves it': (reference) =>
      accept.put({ ...keyOf(reference), body: appointmentRequest({}, 96) }),
    'a DELETE': (reference) => accept.remove({ ...keyOf(reference), erase: false }),
    'an erasure': (reference) => accept.remove({ ...keyOf(reference), erase: true }),
    'the sweep': async () => {
      await database.admin.query(`update reminders set not_after = now() where state = 'failed'`);
      await sweepExpired({ database: database.open('scheduler', 1) });
    },
  };

  it.each(Object.entries(others))('%s ends as one of both, whole', async (name, other) => {
    const ops = database.open('ops', 4);
    /** As a booking system does that is asked to come again. */
    const persist = async (reference: string): Promise<unknown> =>
      other(reference).catch((error) => {
        if (error.code !== 'busy') throw error;
        return persist(reference);
      });
    for (let round = 0; round < 6; round += 1) {
      const reference = `${name.replaceAll(' ', '-')}-${round}`;
      const reminderId = await putFailed(reference);
      const press = () => redriveReminder({ database: ops }, { reminderId, ...by });
      const pressMany = () => redriveDeadLetters({ database: ops }, { filter: {}, ...by });
      const before = round % 2 === 0 ? [press, pressMany] : [pressMany, press];
      const done = await Promise.allSettled([
        ...before.map((start) => start()),
        persist(reference),
        press(),
      ]);
      const refused = done.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
      // An erased appointment takes its reminders along.
      expect(refused.filter((code) => code !== 'not_found')).toEqual([]);
      const { rows } = await database.admin.query(
        `select r.state, r.possible_duplicate,
           (select count(*)::int from events e where e.reminder_id = r.id and e.reason_code = 'redriven') as told,
           (select count(*)::int from audit a where a.reason = 'a race'
             and (a.subject = r.id::text or a.subject like '%count=1')) as audited,
           exists (select from links l where l.reminder_id = r.id and l.current and l.parcel is not null) as sealed
         from reminders r where r.id = $1`,
        [reminderId],
      );
      await database.admin.query(`truncate audit`);
      const [row] = rows;
      if (!row) continue;
      expect(row.told).toBeLessThanOrEqual(1);
      expect(row.audited).toBe(row.told);
      if (row.state === 'scheduled') expect(row).toMatchObject({ told: 1, sealed: true });
      if (row.state === 'failed') expect(row).toMatchObject({ told: 0 });
      if (name === 'a DELETE') expect(row.state).toBe('cancelled');
      if (name === 'a PUT that moves it') expect(row.state).toBe('superseded');
    }
  });
});
