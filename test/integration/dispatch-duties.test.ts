import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { keptDaysMax } from '../../config/kept-days.ts';
import { utcDay } from '../../src/domain/link-expiry.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { folderKeyStore } from '../../src/keys/folder-key-store.ts';
import { keyFolder as openKeyFolder } from '../../src/keys/key-files.ts';
import type { KeyFolder } from '../../src/keys/key-folder.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import { KeyLostError, KeyStoreAwayError } from '../../src/keys/key-store-error.ts';
import { linkLookup } from '../../src/keys/link-secret.ts';
import { openParcel } from '../../src/keys/open-parcel.ts';
import { rememberingFolder } from '../../src/keys/remembering-folder.ts';
import { clearSettledParcels, createParcelClearing } from '../../src/usecases/clear-parcels.ts';
import {
  daysAfter,
  destroyOldEpochKeys,
  makeEpochKeys,
} from '../../src/usecases/keep-epoch-keys.ts';
import { resealOwedParcels } from '../../src/usecases/reseal-owed-parcels.ts';
import { prepareEventMonths, retireExpired } from '../../src/usecases/retire-expired.ts';
import { workerDuties } from '../../workers/worker-duties.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { garbageParcel, type SeededReminder, seedReminders } from '../support/seed-reminders.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let keyFolder: string;
let keys: KeyStore;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
afterEach(async () => {
  await database.admin.query(
    'truncate organisations, incidents, batches, heartbeats, sealed_callbacks, events cascade',
  );
});

async function setState(state: string, extra = ''): Promise<void> {
  await database.admin.query(
    `update reminders set state = $1, batch_id = $2, lease_until = clock_timestamp() + interval '1 minute' ${extra}`,
    [state, randomUUID()],
  );
}
const parcels = async () => (await bench.rows('select from links where parcel is not null')).length;

describe('the sweeper', () => {
  it('gives back what was queued and marks what was being sent, once the lease has passed', async () => {
    const organisationId = await database.createOrganisation();
    const seeded = await bench.seed({ organisationId, count: 4 });
    const batchId = (await bench.feed())[0] ?? '';
    const ids = seeded.slice(0, 2).map(({ id }) => id);
    await database.admin.query(
      `update reminders set state = 'sending', attempt_count = 1 where id = any($1)`,
      [ids],
    );
    await database.admin.query(
      `insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token, batch_id)
       select gen_random_uuid(), organisation_id, mode, id, 1, 'sms', 'x', decode(md5(id::text), 'hex'), $1
       from reminders where state = 'sending'`,
      [batchId],
    );
    await bench.sweep();
    expect(await bench.states()).toEqual({ queued: 2, sending: 2 });
    await bench.passLeases();
    await bench.sweep();
    expect(await bench.states()).toEqual({ scheduled: 2, uncertain: 2 });
    expect(await bench.rows('select outcome, reason_code from attempts')).toEqual([
      { outcome: 'uncertain', reason_code: 'process_died' },
      { outcome: 'uncertain', reason_code: 'process_died' },
    ]);
    const told = await bench.rows(
      `select type, from_state, reason_code from events where to_state = 'uncertain'`,
    );
    expect(told[0]).toEqual({
      type: 'reminder.uncertain',
      from_state: 'sending',
      reason_code: 'process_died',
    });
  });

  it('is safe in several schedulers at once', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 30 });
    await bench.feed();
    await bench.passLeases();
    await Promise.all([bench.sweep(), bench.sweep(), bench.sweep()]);
    expect(await bench.states()).toEqual({ scheduled: 30 });
    const told = await bench.rows(`select from events where to_state = 'scheduled'`);
    expect(told).toHaveLength(30);
  });

  it.each([
    ['scheduled', false],
    ['failed', false],
    ['uncertain', true],
  ])('ends a %s reminder whose time has passed, and empties its parcel', async (state, flagged) => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 2, state });
    await database.admin.query(
      `update reminders set not_after = now() - interval '1 s' where id = (select id from reminders limit 1)`,
    );
    await bench.expire();
    expect(await bench.rows(`select possibly_sent from reminders where state = 'expired'`)).toEqual(
      [{ possibly_sent: flagged }],
    );
    expect(await bench.states()).toMatchObject({ [state]: 1 });
    expect(await parcels()).toBe(1);
  });

  it.each([
    ["the database's", '-1 minute', -2],
    ["the scheduler's", '1 minute', 2],
  ])('ends nothing whose time has passed by %s clock alone', async (_, left, differByMinutes) => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1 });
    await database.admin.query(`update reminders set not_after = now() + $1::interval`, [left]);
    await bench.expire(differByMinutes * 60_000);
    expect(await bench.states()).toEqual({ scheduled: 1 });
    expect(await parcels()).toBe(1);
  });
});

describe('parcels', () => {
  it.each([
    ['delivered', '', 0],
    ['undelivered', '', 0],
    ['cancelled', '', 0],
    ['superseded', '', 0],
    ['suppressed', '', 0],
    ['erased', '', 0],
    ['sent', `, sent_at = now() - interval '61 minutes'`, 0],
    ['sent', `, sent_at = now() - interval '59 minutes'`, 1],
    ['failed', '', 1],
    ['uncertain', '', 1],
    ['scheduled', '', 1],
    ['queued', '', 1],
    ['sending', '', 1],
    ['failed', `, not_after = now()`, 0],
    ['sent', `, sent_at = now(), not_after = now()`, 0],
  ])('of a %s reminder%s: %i left', async (state, extra, left) => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1 });
    await setState(state, extra);
    await clearSettledParcels({ database: bench.worker });
    expect(await parcels()).toBe(left);
  });

  it.each([
    ["the database's", -2],
    ["the worker's", 2],
  ])('stay where only %s clock says that their time has passed', async (_, differByMinutes) => {
    const at = () => Temporal.Now.instant().add({ minutes: differByMinutes });
    const turned = differByMinutes < 0 ? '-1 minute' : '1 minute';
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 2 });
    await database.admin.query('update links set parcel_day = parcel_day - 1');
    const [late, sent] = (await bench.rows('select id from reminders order by id')).map(
      ({ id }) => id,
    );
    await database.admin.query(
      `update reminders set not_after = now() + $2::interval where id = $1`,
      [late, turned],
    );
    await database.admin.query(
      `update reminders set state = 'sent', not_after = now() + interval '1 day',
         sent_at = now() - interval '1 hour' + $2::interval where id = $1`,
      [sent, turned],
    );
    await clearSettledParcels({ database: bench.worker, now: at });
    expect(await parcels()).toBe(2);
    await database.admin.query(
      `update reminders set not_after = not_after - interval '4 minutes' where id = $1`,
      [late],
    );
    await database.admin.query(
      `update reminders set sent_at = sent_at - interval '4 minutes' where id = $1`,
      [sent],
    );
    await clearSettledParcels({ database: bench.worker, now: at });
    expect(await parcels()).toBe(0);
  });

  it.each([
    ["the database's", 0, -24],
    ["the worker's", 1, 24],
  ])('of a day that has begun by %s clock alone stay', async (_, ahead, differByHours) => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1 });
    await database.admin.query(
      `update links set parcel_day = (now() at time zone 'UTC')::date + $1::int`,
      [ahead],
    );
    await setState('delivered');
    const now = () => Temporal.Now.instant().add({ hours: differByHours });
    await clearSettledParcels({ database: bench.worker, now });
    expect(await parcels()).toBe(1);
  });

  it('are cleared each minute by a worker, which ends keys of days each hour', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1 });
    await setState('delivered');
    await database.admin.query('update links set parcel_day = parcel_day - 1');
    const duties = workerDuties({
      ...{ config: loadConfig({}), database: bench.worker, log: silentLog },
      ...{ journal: { append: async () => {}, close: async () => {} } },
      ...{ keys: fileKeyStore(join(tmpdir(), randomUUID())), renewTokens: async () => {} },
    });
    const dutyOf = (name: string) => duties.find((duty) => duty.name === name);
    await dutyOf('clear-parcels')?.run(new AbortController().signal);
    expect(await parcels()).toBe(0);
    expect(dutyOf('clear-parcels')?.everyMs).toBeLessThanOrEqual(60_000);
    expect(dutyOf('epoch-keys')?.everyMs).toBeLessThanOrEqual(3_600_000);
  });

  it('are looked at each minute where something has just come to its end, and once a day all of them', async () => {
    const organisationId = await database.createOrganisation();
    let now = Temporal.Now.instant();
    const clear = createParcelClearing({ database: bench.worker, now: () => now });
    await clear();
    const ids = (await bench.seed({ organisationId, count: 5 })).map(({ id }) => id);
    await bench.drain();
    expect(await bench.states()).toEqual({ sent: 5 });
    const minutesAgo = [61, 59, 300, 300, 300];
    for (const table of ['reminders', 'attempts'] as const) {
      const [id, at] = table === 'reminders' ? ['id', 'sent_at'] : ['reminder_id', 'ended_at'];
      await database.admin.query(
        `update ${table} t set ${at} = now() - a.minutes * interval '1 minute'
         from unnest($1::uuid[], $2::int[]) as a (id, minutes) where t.${id} = a.id`,
        [ids, minutesAgo],
      );
    }
    const [, lately, seenBefore, ofYesterday, replaced] = ids;
    const setLink = (id: string | undefined, change: string) =>
      database.admin.query(`update links set ${change} where reminder_id = $1`, [id]);
    await setLink(ofYesterday, 'parcel_day = parcel_day - 1');
    await setLink(replaced, 'current = false');
    const left = async () =>
      (await bench.rows('select reminder_id from links where parcel is not null'))
        .map((row) => row.reminder_id)
        .toSorted();

    await clear();
    expect(await left()).toEqual([lately, seenBefore].toSorted());
    now = now.add({ hours: 24 });
    await clear();
    expect(await left()).toEqual([lately]);
  });

  it('of a replaced link go too, unless a send with it is in doubt', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1 });
    await database.admin.query('update links set current = false');
    await setState('uncertain');
    await clearSettledParcels({ database: bench.worker });
    expect(await parcels()).toBe(1);
    await setState('scheduled');
    await clearSettledParcels({ database: bench.worker });
    expect(await parcels()).toBe(0);
  });
});

describe('the keys of days', () => {
  let today: string;
  beforeAll(async () => {
    // All of them in one day.
    const leftMs = 86_400_000 - (Date.now() % 86_400_000);
    if (leftMs < 30_000) await sleep(leftMs);
    today = utcDay(now());
    keyFolder = mkdtempSync(join(tmpdir(), 'sotto-test-keys-'));
    keys = fileKeyStore(keyFolder);
  });
  afterAll(() => rmSync(keyFolder, { recursive: true }));

  const alarms: string[] = [];
  const log = { ...silentLog, error: (phrase: string) => void alarms.push(phrase) };
  const now = () => Temporal.Now.instant();
  const destroy = (at = now) => destroyOldEpochKeys({ keys, database: bench.worker, now: at, log });
  const reseal = (at = now) => resealOwedParcels({ keys, database: bench.worker, now: at, log });

  async function seedOn(day: string, count = 1): Promise<SeededReminder[]> {
    await keys.ensureEpochKeys({ from: day, days: 1 });
    const epochPublicKey = await keys.epochPublicKey(day);
    if (!epochPublicKey) throw new Error('no key');
    const organisationId = await database.createOrganisation();
    return seedReminders(database.admin, { organisationId, count, epochPublicKey, parcelDay: day });
  }

  /** The duty of a worker that has these keys. */
  async function runDuty(held: KeyStore): Promise<void> {
    const duties = workerDuties({
      ...{ config: loadConfig({}), database: bench.worker, keys: held, log: silentLog },
      ...{
        journal: { append: async () => {}, close: async () => {} },
        renewTokens: async () => {},
      },
    });
    await duties.find(({ name }) => name === 'epoch-keys')?.run(new AbortController().signal);
  }

  it('exist for every day that something may be sealed to', async () => {
    await makeEpochKeys({ keys, now });
    const days = await keys.listEpochDays();
    for (const ahead of [0, 1, 400]) expect(days).toContain(daysAfter(today, ahead));
  });

  it('are destroyed when their day is two days over, and nothing is sealed to them', async () => {
    await keys.ensureEpochKeys({ from: daysAfter(today, -5), days: 5 });
    const destroyed = await destroy();
    expect(destroyed).toEqual([daysAfter(today, -5), daysAfter(today, -4), daysAfter(today, -3)]);
    expect(await keys.epochPrivateKey(daysAfter(today, -3))).toBeUndefined();
    expect(await keys.epochPrivateKey(daysAfter(today, -2))).toBeDefined();
  });

  it('are destroyed by a duty of every worker, once what was sealed to them is settled or sealed anew', async () => {
    const days = [daysAfter(today, -7), daysAfter(today, -6)] as const;
    await seedOn(days[0]);
    await setState('delivered');
    await seedOn(days[1]);
    await runDuty(keys);
    const left = await keys.listEpochDays();
    expect(left).not.toEqual(expect.arrayContaining([expect.stringMatching(days.join('|'))]));
    expect(left).toContain(daysAfter(today, -1));
    expect(
      await bench.rows('select parcel_day::text as day from links where parcel is not null'),
    ).toEqual([{ day: today }]);
  });

  it('of one day that cannot be read keep back what is sealed to it alone, and are heard of', async () => {
    const lost = daysAfter(today, -7);
    const [other, unused] = [daysAfter(today, -6), daysAfter(today, -5)] as const;
    for (const day of [lost, other]) await seedOn(day);
    await keys.ensureEpochKeys({ from: unused, days: 1 });
    const held: KeyStore = {
      ...keys,
      epochPrivateKey: async (day) => {
        if (day === lost) throw new KeyLostError('epoch: is deleted');
        return keys.epochPrivateKey(day);
      },
    };
    await expect(runDuty(held)).rejects.toThrow('is deleted');
    const left = await keys.listEpochDays();
    expect([lost, other, unused].filter((day) => left.includes(day))).toEqual([lost]);
    expect(
      await bench.rows('select parcel_day::text as day from links order by parcel_day'),
    ).toEqual([{ day: lost }, { day: today }]);
    await keys.destroyEpochKey(lost);
  });

  it('from yesterday to tomorrow are read ahead: what holds them may be away over midnight', async () => {
    await makeEpochKeys({ keys, now });
    let isAway = false;
    const files = openKeyFolder(keyFolder);
    const faraway: KeyFolder = {
      ...files,
      async read(path) {
        if (isAway) throw new KeyStoreAwayError('away', { mayGoOn: true });
        return files.read(path);
      },
    };
    const held = folderKeyStore(rememberingFolder(faraway));
    await runDuty(held);
    isAway = true;
    for (const day of [-1, 0, 1].map((ahead) => daysAfter(today, ahead))) {
      const key = await held.epochPrivateKey(day);
      expect(key?.reveal()).toEqual((await keys.epochPrivateKey(day))?.reveal());
    }
  });

  it('outlive their day, with an alarm, while a parcel or a callback needs them', async () => {
    const [day, other] = [daysAfter(today, -9), daysAfter(today, -8)] as const;
    await seedOn(day);
    await keys.ensureEpochKeys({ from: other, days: 1 });
    await database.admin.query(
      `insert into sealed_callbacks (id, kind, epoch_day, sealed) values (gen_random_uuid(), 'twilio_status', $1, '\\x00')`,
      [other],
    );
    alarms.length = 0;
    expect(await destroy()).toEqual([]);
    expect(alarms).toHaveLength(2);
    await setState('cancelled');
    await clearSettledParcels({ database: bench.worker });
    await database.admin.query('truncate sealed_callbacks');
    expect(await destroy()).toEqual([day, other]);
  });

  it('are not destroyed on the word of one clock', async () => {
    await keys.ensureEpochKeys({ from: daysAfter(today, -2), days: 3 });
    expect(await destroy(() => Temporal.Now.instant().add({ hours: 24 * 30 }))).toEqual([]);
    // Nor of the database's, when ours is behind.
    const past = [-5, -4, -3].map((days) => daysAfter(today, days));
    await keys.ensureEpochKeys({ from: past[0] ?? '', days: past.length });
    expect(await destroy(() => Temporal.Now.instant().subtract({ hours: 24 * 30 }))).toEqual([]);
    for (const day of past) await keys.destroyEpochKey(day);
  });

  it('of two days ago are given up: what is still owed is sealed to today, and still opens', async () => {
    const day = daysAfter(today, -2);
    const [owed] = await seedOn(day);
    const [bad] = await seedOn(day);
    await database.admin.query('update links set parcel = $2 where id = $1', [
      bad?.linkId,
      garbageParcel(),
    ]);
    const yesterday = await seedOn(daysAfter(today, -1), 3);
    alarms.length = 0;
    expect(await reseal()).toBe(1);
    expect(alarms).toEqual(['a parcel could not be sealed anew']);

    const [row] = await bench.rows(
      'select parcel, parcel_day::text as day from links where id = $1',
      [owed?.linkId],
    );
    expect(row?.day).toBe(today);
    const epochPrivateKey = await keys.epochPrivateKey(today);
    if (!owed || !epochPrivateKey) throw new Error('missing');
    const parcel = openParcel({
      epochPrivateKey,
      binding: { ...owed, reminderId: owed.id },
      sealed: row?.parcel as Buffer,
    });
    expect(parcel.contactPoint.reveal()).toBe(owed.phone);
    expect(linkLookup(parcel.linkSecret)).toEqual(owed.lookup);
    const untouched = await bench.rows('select from links where parcel_day = $1', [
      daysAfter(today, -1),
    ]);
    expect(untouched).toHaveLength(yesterday.length);
  });
});

describe('retention', () => {
  it('deletes expired links, what was sealed for them, and nothing that a link still leads to', async () => {
    const organisationId = await database.createOrganisation();
    const [gone, kept] = await bench.seed({ organisationId, count: 2 });
    await database.admin.query(
      `insert into versions (organisation_id, mode, appointment_id, version, receipt_id, content, view_month)
       select organisation_id, mode, id, 1, gen_random_uuid(), '\\x00', '2026-11' from appointments`,
    );
    await database.admin.query(
      `insert into content_keys (organisation_id, mode, appointment_id, version, link_id, sealed_key)
       select organisation_id, mode, appointment_id, 1, id, '\\x00' from links`,
    );
    await database.admin.query(`update links set expires_at = now() where id = $1`, [gone?.linkId]);
    await retireExpired({ database: bench.scheduler, log: silentLog });
    for (const table of ['links', 'versions', 'content_keys']) {
      expect(await bench.rows(`select appointment_id from ${table}`), table).toEqual([
        { appointment_id: kept?.appointmentId },
      ]);
    }
    expect(await bench.rows('select from reminders')).toHaveLength(2);
  });

  it('deletes an appointment with everything that hangs on it when its time has come', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 3 });
    await bench.drain();
    await database.admin.query(`
      insert into send_questions (reminder_id, organisation_id, mode)
        select id, organisation_id, mode from reminders;
      insert into factor_failures (organisation_id, appointment_id, factor)
        select organisation_id, id, 'pin' from appointments;
      insert into incidents (id, code, number, since)
        values (gen_random_uuid(), 'ledger_broken', 1, now());
      insert into incident_references (incident_id, organisation_id, mode, reference, appointment_id)
        select i.id, a.organisation_id, a.mode, a.reference, a.id from appointments a, incidents i;
      update appointments set erase_at = now() where id = (select id from appointments limit 1)`);
    await retireExpired({ database: bench.scheduler, log: silentLog });
    const hanging = ['reminders', 'links', 'attempts', 'send_questions', 'factor_failures'];
    for (const table of ['appointments', ...hanging, 'incident_references']) {
      expect(await bench.rows(`select from ${table}`), table).toHaveLength(2);
    }
    expect(await bench.rows('select from incidents')).toHaveLength(1);
  });

  it('deletes old batches and what processes of last week said, and secrets that were replaced', async () => {
    const organisationId = await database.createOrganisation();
    await database.admin.query(`
      insert into send_checks (id, organisation_id, mode, url)
        values (gen_random_uuid(), '${organisationId}', 'test', 'https://booking.example');
      insert into send_check_secrets (id, organisation_id, check_id, key_number, sealed, expires_at)
        select gen_random_uuid(), organisation_id, id, '1', '\\x00'::bytea, now() from send_checks
        union all select gen_random_uuid(), organisation_id, id, '2', '\\x00'::bytea, null from send_checks`);
    await database.admin.query(
      `insert into batches (id, channel, mode, reminder_count, lease_until) values
       (gen_random_uuid(), 'sms', 'live', 1, now() - interval '2 days'),
       (gen_random_uuid(), 'sms', 'live', 2, now())`,
    );
    await database.admin.query(
      `insert into heartbeats (name, instance, version, beat_at) values
       ('feed', 'oldest', '0', now() - interval '3 days'), ('feed', 'old', '0', now() - interval '2 days'),
       ('sweep', 'old', '0', now() - interval '2 days'), ('sweep', 'new', '1', now()),
       ('of an older version', 'old', '0', now() - interval '2 days')`,
    );
    await retireExpired({ database: bench.scheduler, log: silentLog });
    expect(await bench.rows('select reminder_count from batches')).toEqual([{ reminder_count: 2 }]);
    expect(await bench.rows('select key_number from send_check_secrets')).toEqual([
      { key_number: '2' },
    ]);
    // A duty that nobody does any more stays silent, and is not forgotten.
    expect(await bench.rows('select name, instance from heartbeats order by name')).toEqual([
      { name: 'feed', instance: 'old' },
      { name: 'sweep', instance: 'new' },
    ]);
  });

  it('deletes what no link was ever sealed for when a link would have expired, and not before', async () => {
    const organisationId = await database.createOrganisation();
    const [linked] = await bench.seed({ organisationId, count: 1 });
    const insertion = (version: number, expiresIn: string | null) =>
      database.admin.query(
        `insert into versions (organisation_id, mode, appointment_id, version, receipt_id, content,
           view_month, expires_at)
         select organisation_id, mode, id, $1, gen_random_uuid(), '\\x00', '2026-11', now() + $2::interval
         from appointments`,
        [version, expiresIn],
      );
    // The first left behind by the second, which has no link; and a third that is not over.
    await insertion(1, null);
    await insertion(2, '-1 second');
    await insertion(3, '1 day');
    const left = async () =>
      (await bench.rows('select version from versions order by 1')).map(({ version }) => version);
    await retireExpired({ database: bench.scheduler, log: silentLog });
    expect(await left()).toEqual([1, 3]);
    await database.admin.query('delete from links where id = $1', [linked?.linkId]);
    await database.admin.query(`update versions set expires_at = now() where version = 3`);
    await retireExpired({ database: bench.scheduler, log: silentLog });
    expect(await left()).toEqual([]);
  });

  it('keeps less where less is asked for, of what was stored before too', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 2 });
    await database.admin.query(
      `update appointments set erase_at = now() + interval '59 days' where id = any(array(
         select id from appointments limit 1))`,
    );
    const keep = { ...keptDaysMax, states: 30 };
    await retireExpired({ database: bench.scheduler, keep, log: silentLog });
    expect(await bench.rows('select from appointments')).toHaveLength(1);
  });

  it('deletes what was done three years ago and who is gone since, and can delete nothing young', async () => {
    const organisationId = await database.createOrganisation();
    const ago = (days: number) => `now() - interval '${days} days'`;
    await database.admin.query(`
      insert into audit (at, actor, action) values (${ago(1_097)}, 'a', 'old'), (${ago(400)}, 'a', 'young'),
        (now(), 'a', 'new');
      insert into ops_users (id, name, role, password_hash, disabled_at) values
        (gen_random_uuid(), 'gone', 'viewer', '-', ${ago(1_097)}),
        (gen_random_uuid(), 'there', 'viewer', '-', null),
        (gen_random_uuid(), 'left', 'viewer', '-', ${ago(1)});
      insert into pauses (id, organisation_id, reason, ended_at) values
        (gen_random_uuid(), '${organisationId}', 'old', ${ago(1_097)}),
        (gen_random_uuid(), '${organisationId}', 'open', null);
      insert into credentials (id, organisation_id, mode, kind, label, revoked_at) values
        (gen_random_uuid(), '${organisationId}', 'test', 'public_key', 'revoked', ${ago(1_097)}),
        (gen_random_uuid(), '${organisationId}', 'test', 'public_key', 'live', null);
      update credentials set replaced_by = (select id from credentials where label = 'revoked')
        where label = 'live';
      insert into source_failures (organisation_id, link_id, source, updated_at)
        select organisation_id, id, decode(repeat('00', 32), 'hex'), ${ago(8)} from links limit 1`);
    const left = async (table: string, column: string) =>
      (await bench.rows(`select ${column} as name from ${table} order by 1`)).map(
        ({ name }) => name,
      );
    await retireExpired({ database: bench.scheduler, log: silentLog });
    expect(await left('audit', 'action')).toEqual(['new', 'young']);
    expect(await left('ops_users', 'name')).toEqual(['left', 'there']);
    expect(await left('pauses', 'reason')).toEqual(['open']);
    expect(await left('credentials', 'label')).toEqual(['live']);
    expect(await left('source_failures', 'link_id')).toEqual([]);

    // Whoever has its place asks for everything, and gets what the database is told is old.
    const deleteAll = () => bench.scheduler.query('select delete_old_records(0, 1000)');
    await deleteAll();
    expect(await left('audit', 'action')).toEqual(['new', 'young']);
    await database.admin.query('update kept_floors set audit_days = 366');
    await deleteAll();
    expect(await left('audit', 'action')).toEqual(['new']);
    await database.admin.query('update kept_floors set audit_days = 1096');
    expect(await left('ops_users', 'name')).toEqual(['left', 'there']);
  });

  it('goes on with every other kind when one cannot be deleted', async () => {
    const organisationId = await database.createOrganisation();
    await bench.seed({ organisationId, count: 1 });
    await database.admin.query('update appointments set erase_at = now()');
    await database.admin.query(
      `insert into heartbeats (name, instance, version, beat_at) values ('gone', 'old', '0', now() - interval '2 days')`,
    );
    const held = await database.admin.connect();
    try {
      await held.query('begin');
      await held.query('select from appointments for update');
      await expect(
        retireExpired({ database: bench.scheduler, log: silentLog }),
      ).rejects.toMatchObject({ code: '55P03' });
    } finally {
      await held.query('rollback');
      held.release();
    }
    expect(await bench.rows('select from heartbeats')).toEqual([]);
    await retireExpired({ database: bench.scheduler, log: silentLog });
    expect(await bench.rows('select from appointments')).toEqual([]);
  });

  it('makes room for the events of the months ahead, and locks no month that is in use', async () => {
    const writing = await database.admin.connect();
    try {
      await writing.query('begin');
      await writing.query(
        `insert into events (organisation_id, mode, type, reference, appointment_id)
         values (gen_random_uuid(), 'test', 'appointment.accepted', 'visit', gen_random_uuid())`,
      );
      await prepareEventMonths({ database: bench.scheduler });
    } finally {
      await writing.query('rollback');
      writing.release();
    }
  });

  it('makes room for the events of the months ahead', async () => {
    const names = [1, 2, 3].map((months) => {
      const month = Temporal.Now.plainDateISO('UTC').with({ day: 1 }).add({ months });
      return `events_${month.toString().slice(0, 7).replace('-', '_')}`;
    });
    const made = () =>
      bench.rows('select relname from pg_class where relname = any($1) order by 1', [names]);
    for (const name of names) await database.admin.query(`drop table if exists ${name}`);
    expect(await made()).toEqual([]);
    await prepareEventMonths({ database: bench.scheduler });
    expect((await made()).map(({ relname }) => relname)).toEqual(names);
  });
});
