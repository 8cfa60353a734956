import assert from 'node:assert/strict';
import type { Channel } from '../../src/domain/channel.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { addOrganisation, type BenchDatabase, type Ground, type Prepared } from './ground.ts';
import { partsOf, twoAtOnce } from './two-at-once.ts';

const seedAtOnce = 1_000;
const warmUpMax = 1_000;

/** A table of reminders as people have one, without any of Sotto's. */
export const plainReminders = `
  create table plain_reminders (id uuid primary key, state text not null default 'scheduled',
    provider_id text, sent_at timestamptz, times int not null default 0);
  create index on plain_reminders (state)`;

/** What is done first and not measured: the code is compiled then, as after hours of running. */
export const warmUpOf = (count: number, most = warmUpMax) => Math.min(count, most);

/**
 * A database in which so many reminders are due, each with an appointment and a parcel sealed as accepting
 * seals it, held by a pause; and some of another organisation to warm up with. The same rows once more
 * stand in a table without any of Sotto's, for those that write their own.
 */
export function dueReminders(
  ground: Ground,
  input: { count: number; channel: Channel; warmUp?: number },
): Prepared {
  const { count, channel, warmUp = warmUpOf(count) } = input;
  return {
    name: `due ${count} ${channel} after ${warmUp}`,
    async prepare({ admin, organisationId }) {
      const other = await addOrganisation(admin, 'Warm-up');
      const seed = { ground, admin, channel };
      await seedDue({ ...seed, organisationId: other, count: warmUp });
      await seedDue({ ...seed, organisationId, count });
      await admin.query(
        `insert into pauses (id, organisation_id, reason) values (gen_random_uuid(), $1, 'bench')`,
        [organisationId],
      );
      await admin.query(
        `${plainReminders}; insert into plain_reminders (id) select id from reminders`,
      );
    },
  };
}

async function seedDue({
  ground: { keys },
  admin,
  organisationId,
  channel,
  count,
}: Pick<BenchDatabase, 'admin' | 'organisationId'> & {
  ground: Ground;
  channel: Channel;
  count: number;
}): Promise<void> {
  const { epochPublicKey, parcelDay } = keys;
  const options = { organisationId, epochPublicKey, parcelDay, channels: [channel] };
  await twoAtOnce(partsOf(count, seedAtOnce), (part) =>
    seedReminders(admin, { ...options, count: part }),
  );
  // What accepting tells of them, so that the ledger adds up.
  await admin.query(
    `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, to_state,
       channel)
     select r.organisation_id, r.mode, 'reminder.scheduled', a.reference, a.id, r.id, 'scheduled', r.channel
     from reminders r join appointments a on a.id = r.appointment_id where r.organisation_id = $1`,
    [organisationId],
  );
}

export async function warmUpOrganisation({ admin }: BenchDatabase): Promise<string> {
  const { rows } = await admin.query(`select id from organisations where name = 'Warm-up'`);
  return rows[0]?.id;
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
       (select count(*) from events where type <> 'reminder.scheduled')::int as events`,
  );
  const expected = { sent: count, attempts: count, accepted: count, events: count * eventsOfEach };
  assert.deepEqual({ ...rows[0] }, expected);
}
