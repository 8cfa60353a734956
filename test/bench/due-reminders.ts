import assert from 'node:assert/strict';
import { seedReminders } from '../support/seed-reminders.ts';
import type { BenchDatabase, Ground } from './ground.ts';

const seedAtOnce = 1_000;

/** Reminders that are due, each with an appointment and a parcel sealed as accepting seals it. */
export async function seedDue(
  { keys }: Ground,
  { admin, organisationId }: BenchDatabase,
  count: number,
): Promise<string[]> {
  const { epochPublicKey, parcelDay } = keys;
  const ids: string[] = [];
  while (ids.length < count) {
    const seeded = await seedReminders(admin, {
      ...{ organisationId, epochPublicKey, parcelDay },
      count: Math.min(seedAtOnce, count - ids.length),
    });
    ids.push(...seeded.map(({ id }) => id));
  }
  // What accepting tells of them, so that the ledger adds up.
  await admin.query(
    `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, to_state)
     select r.organisation_id, r.mode, 'reminder.scheduled', a.reference, a.id, r.id, 'scheduled'
     from reminders r join appointments a on a.id = r.appointment_id where r.id = any($1::uuid[])`,
    [ids],
  );
  return ids;
}

/** @throws when a reminder was not sent, or not exactly once, or not with all its rows */
export async function checkEachOnce(
  { admin }: BenchDatabase,
  { count, eventsOfEach }: { count: number; eventsOfEach: number },
): Promise<void> {
  const { rows } = await admin.query(
    `select
       (select count(*) from reminders where state = 'sent' and sent_at is not null)::int as sent,
       (select count(*) from attempts)::int as attempts,
       (select count(distinct reminder_id) from attempts where outcome = 'accepted')::int as accepted,
       (select count(*) from events)::int as events`,
  );
  const expected = {
    sent: count,
    attempts: count,
    accepted: count,
    events: count * (1 + eventsOfEach),
  };
  assert.deepEqual({ ...rows[0] }, expected);
}
