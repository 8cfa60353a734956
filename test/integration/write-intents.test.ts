import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IntendedAttempt, writeIntents } from '../../src/store/dispatch.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});

interface Queued {
  readonly batchId: string;
  readonly organisationId: string;
  readonly attempts: readonly [IntendedAttempt, IntendedAttempt, IntendedAttempt];
}

/** Three reminders of as many organisations, in one batch. */
async function queued(): Promise<Queued> {
  await database.admin.query('truncate organisations, batches, pauses, revoked_selectors cascade');
  const organisationIds = [];
  const seeded = [];
  for (let count = 0; count < 3; count += 1) {
    const organisationId = await database.createOrganisation();
    organisationIds.push(organisationId);
    seeded.push(...(await bench.seed({ organisationId, count: 1 })));
  }
  const [batchId = ''] = await bench.feed();
  const attempts = seeded.map(({ id, linkId, lookup }) => ({
    ...{ attemptId: randomUUID(), token: randomBytes(16) },
    ...{ reminderId: id, linkId, lookup, selector: 'a' },
  }));
  const [, organisationId = ''] = organisationIds;
  return { batchId, organisationId, attempts: attempts as never };
}

const ofReminder = (set: string) => `update reminders set ${set} where id = $1`;
const ofLink = (set: string) => `update links set ${set} where reminder_id = $1`;
const ofAppointment = (set: string) =>
  `update appointments set ${set} where id = (select appointment_id from reminders where id = $1)`;
const pause = (columns: string) =>
  `insert into pauses (id, reason, organisation_id, channel, ended_at)
   select gen_random_uuid(), 'x', ${columns} from reminders r where r.id = $1`;

/** What may have happened to the second of them since it was queued; whether it may be sent all the same. */
const cases: readonly [string, boolean, string][] = [
  ['nothing', true, 'select $1::uuid'],
  ['its lease ended', false, ofReminder(`lease_until = clock_timestamp() - interval '1 s'`)],
  ['it is another batch’s', false, ofReminder('batch_id = gen_random_uuid()')],
  ['it is to end', false, ofReminder(`pending_end = 'cancelled'`)],
  ['its appointment is paused', false, ofAppointment('paused_at = now()')],
  ['its appointment is erased', false, ofAppointment(`state = 'erased'`)],
  ['its appointment is cancelled', true, ofAppointment(`state = 'cancelled'`)],
  ['its organisation is paused', false, pause('r.organisation_id, null, null')],
  ['its organisation’s channel is paused', false, pause('r.organisation_id, r.channel, null')],
  ['another channel of its is paused', true, pause(`r.organisation_id, 'email', null`)],
  ['its pause is over', true, pause('r.organisation_id, null, clock_timestamp()')],
  ['its link was revoked', false, ofLink('revoked_at = now()')],
  ['its link is not the newest', false, ofLink('current = false')],
  [
    'its link has another secret',
    false,
    ofLink(`lookup = decode(repeat('00', octet_length(lookup)), 'hex')`),
  ],
  ['its link was signed under another key', false, ofLink(`selector = 'b'`)],
  ['its link was signed under this key', true, ofLink(`selector = 'a'`)],
  [
    'another key was revoked',
    true,
    `insert into revoked_selectors select 'b' where $1::uuid is not null`,
  ],
];

describe('what may be sent', () => {
  it.each(cases)('is the same alone and among others where %s', async (_name, maySend, change) => {
    const { batchId, attempts } = await queued();
    const [good, one, bad] = attempts;
    await database.admin.query(change, [one.reminderId]);
    // All are written, or those that may be are looked for: here always the latter.
    await database.admin.query(ofReminder('batch_id = null, lease_until = null, state = $2'), [
      bad.reminderId,
      'scheduled',
    ]);
    const write = (those: readonly IntendedAttempt[]) =>
      writeIntents(bench.worker, { batchId, transport: 'fake', attempts: those });
    const among = await write([good, one, bad]);
    expect([...among].sort()).toEqual(
      (maySend ? [good, one] : [good]).map(({ reminderId }) => reminderId).sort(),
    );
    if (maySend) {
      const again = await queued();
      await database.admin.query(change, [again.attempts[1].reminderId]);
      const slice = { batchId: again.batchId, transport: 'fake', attempts: [again.attempts[1]] };
      expect((await writeIntents(bench.worker, slice)).size).toBe(1);
    } else {
      expect((await write([one])).size).toBe(0);
    }
  });

  it('is nothing where the key of the link was revoked, alone or among others', async () => {
    const { batchId, attempts } = await queued();
    await database.admin.query(`insert into revoked_selectors values ('a')`);
    const slice = { batchId, transport: 'fake' };
    expect((await writeIntents(bench.worker, { ...slice, attempts })).size).toBe(0);
    expect((await writeIntents(bench.worker, { ...slice, attempts: [attempts[0]] })).size).toBe(0);
  });
});
