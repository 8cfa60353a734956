import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noCeilings } from '../../src/domain/quota.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { verifyReceipt } from '../../src/keys/receipt-verify.ts';
import {
  appointmentRequest,
  createTestAccept,
  createTestKeys,
  type PutAnswer,
} from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let organisationId: string;
let accept: Awaited<ReturnType<typeof createTestAccept>>;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;

beforeAll(async () => {
  db = await createTestDatabase();
  organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  accept = await createTestAccept({ database: db.open('api'), ...testKeys });
});
afterAll(async () => {
  await db.drop();
  await testKeys.remove();
});

let counter = 0;
const key = (reference = `ref-${++counter}`) =>
  ({ organisationId, mode: 'test', reference }) as const;

async function remindersOf(appointmentId: string) {
  const { rows } = await db.admin.query(
    `select r.*, (select count(*)::int from links l where l.reminder_id = r.id) as links,
       (select count(*)::int from links l where l.reminder_id = r.id and l.current) as current_links
     from reminders r where appointment_id = $1 order by created_at, id`,
    [appointmentId],
  );
  return rows;
}

async function setState(reminderId: string, state: string, attempted = true) {
  await db.admin.query(
    `update reminders set state = $2, sent_at = case when $2 = 'sent' then clock_timestamp() end,
       batch_id = gen_random_uuid(), lease_until = clock_timestamp() + interval '1 minute'
     where id = $1`,
    [reminderId, state],
  );
  if (attempted) {
    await db.admin.query(
      'update links set attempted_at = clock_timestamp() where reminder_id = $1',
      [reminderId],
    );
  }
}

describe('an accepted PUT', () => {
  it('is stored whole before it is answered, and the receipt binds what was sent', async () => {
    const body = appointmentRequest();
    const answer = await accept.put({ ...key(), body });
    expect(answer).toMatchObject({ created: true, version: 1, state: 'booked', language: 'fr' });
    expect(answer.reminders).toHaveLength(1);
    const [reminder] = await remindersOf(answer.id);
    expect(reminder).toMatchObject({ state: 'scheduled', links: 1, current_links: 1 });
    const jwks = accept.receipts.jwks();
    expect(verifyReceipt({ answer, body: body.reveal(), jwks }).matches).toBe(true);
  });

  it('has its filled fields counted where it is live, and never where it is a test, as the canary is', async () => {
    const counted: [boolean, string][] = [];
    const { put } = await createTestAccept({
      ...{ database: db.open('api', 2), ...testKeys },
      change: {
        countFields: (version, appointmentId) =>
          void counted.push([version.reveal().recipient.pin !== undefined, appointmentId]),
      },
    });
    const recipient = { phone: '+33612345678', language: 'fr', pin: '482913' };
    const body = appointmentRequest({ recipient });
    await put({ ...key(), body });
    expect(counted).toEqual([]);
    const { id } = await put({ ...key(), mode: 'live', body });
    expect(counted).toEqual([[true, id]]);
  });

  it('keeps what was guessed wrong, whatever else it changes; one that asks for a new message ends that, and old links', async () => {
    const where = key();
    const first = await accept.put({ ...where, body: appointmentRequest() });
    const [reminder] = await remindersOf(first.id);
    await setState(reminder.id, 'sent');
    await db.admin.query(
      `insert into factor_failures (organisation_id, appointment_id, factor, failed_count)
       values ($1, $2, 'pin', 10)`,
      [organisationId, first.id],
    );
    await db.admin.query(
      `insert into source_failures (organisation_id, link_id, source, failed_count)
       select organisation_id, id, sha256('here'), 5 from links where appointment_id = $1`,
      [first.id],
    );
    const standing = async () => {
      const { rows } = await db.admin.query(
        `select (select count(*)::int from factor_failures where appointment_id = $1) as factors,
           (select count(*)::int from source_failures s join links l on l.id = s.link_id
             where l.appointment_id = $1) as sources,
           (select bool_and(revoked_at is not null) from links
             where appointment_id = $1 and attempted_at is not null) as ended`,
        [first.id],
      );
      return rows[0];
    };
    for (const change of [{}, { notice: 'if_told' }, { notice: 'none' }] as const) {
      await accept.put({ ...where, body: appointmentRequest(change, 80) });
      expect(await standing()).toEqual({ factors: 1, sources: 1, ended: false });
    }
    await accept.put({ ...where, body: appointmentRequest({ notice: 'now' }, 80) });
    expect(await standing()).toEqual({ factors: 0, sources: 0, ended: true });
  });

  it('has ids that begin like all of its send day, whenever they were accepted', async () => {
    const idsOf = async (hoursAhead: number) => {
      const { id, reminders } = await accept.put({
        ...key(),
        body: appointmentRequest({}, hoursAhead),
      });
      const links = await db.admin.query('select id from links where appointment_id = $1', [id]);
      return [id, ...reminders.map((one) => one.id), ...links.rows.map((link) => link.id)];
    };
    const beginnings = (ids: string[]) => [...new Set(ids.map((one) => one.slice(0, 4)))];
    const [one, other, later] = [await idsOf(96), await idsOf(96), await idsOf(120)];
    expect(one).toHaveLength(3);
    expect(beginnings([...one, ...other])).toHaveLength(1);
    expect(beginnings([...one, ...later])).toHaveLength(2);
  });

  it('replaces: an unchanged reminder keeps its row, its unseen link is made anew', async () => {
    const where = key();
    const body = appointmentRequest();
    const first = await accept.put({ ...where, body });
    const before = await db.admin.query('select id from links where appointment_id = $1', [
      first.id,
    ]);
    const second = await accept.put({ ...where, body });
    expect(second).toMatchObject({ created: false, version: 2, id: first.id });
    expect(second.reminders.map(({ id }) => id)).toEqual(first.reminders.map(({ id }) => id));
    const after = await db.admin.query('select id from links where appointment_id = $1', [
      first.id,
    ]);
    expect(after.rows).toHaveLength(1);
    expect(after.rows[0].id).not.toBe(before.rows[0].id);
  });

  it('moved after a reminder went out: one notice, the old link shows the new version', async () => {
    const where = key();
    const first = await accept.put({ ...where, body: appointmentRequest({}, 72) });
    await setState(first.reminders[0]?.id ?? '', 'sent');
    const second = await accept.put({ ...where, body: appointmentRequest({}, 96) });
    const rows = await remindersOf(first.id);
    expect(rows.map(({ kind, state }) => `${kind} ${state}`).sort()).toEqual([
      'notice scheduled',
      'planned scheduled',
      'planned sent',
    ]);
    const keys = await db.admin.query(
      'select link_id from content_keys where appointment_id = $1 and version = 2',
      [first.id],
    );
    expect(keys.rows).toHaveLength(3);
    const third = await accept.put({ ...where, body: appointmentRequest({}, 120) });
    expect(third.version).toBe(second.version + 1);
    const notices = (await remindersOf(first.id)).filter(({ kind }) => kind === 'notice');
    expect(notices).toHaveLength(1);
  });

  it('tells a time in the same words when it is put again', async () => {
    const where = key();
    const body = appointmentRequest({ notice: 'now' });
    const notice = (answer: PutAnswer) =>
      answer.reminders.find(
        ({ sendAt = '9' }) => sendAt < new Date(Date.now() + 12 * 3_600_000).toISOString(),
      );
    const first = notice(await accept.put({ ...where, body }));
    expect(first?.sendAt).toMatch(/\.\d{3}Z$/);
    const again = appointmentRequest({ notice: 'if_told' });
    expect(notice(await accept.put({ ...where, body: again }))).toEqual(first);
  });

  it('that is refused names each fault once, however many reminders of the plan have it', async () => {
    const { reminders: _, ...request } = appointmentRequest().reveal();
    const body = new Secret({ ...request, recipient: { phone: '+33639980001' } });
    await expect(accept.put({ ...key(), body })).rejects.toMatchObject({
      fields: [{ pointer: '/recipient', code: 'no_usable_factor' }],
    });
  });

  it('that always wants a notice is refused where none can be sent', async () => {
    const { phone, pin } = { phone: '+33639980001', pin: '482913' };
    for (const [recipient, code] of [
      [{ phone }, 'no_usable_factor'],
      [{ email: 'canari@example.org' }, 'no_contact_point'],
    ] as const) {
      const want = (notice: 'if_told' | 'now') =>
        accept.put({ ...key(), body: appointmentRequest({ recipient, notice, reminders: [] }) });
      await expect(want('now')).rejects.toMatchObject({ fields: [{ pointer: '/notice', code }] });
      await expect(want('if_told')).resolves.toMatchObject({ reminders: [] });
    }
    const body = appointmentRequest({ recipient: { phone: '+331', pin }, notice: 'now' });
    await expect(accept.put({ ...key(), body })).rejects.toMatchObject({
      fields: [{ pointer: '/recipient/phone', code: 'invalid_phone' }],
    });
  });

  it('put again with the right time zone does not come in the patient’s night', async () => {
    const settings = { quiet_from: '21:00', quiet_until: '08:00' };
    const quiet = await db.createOrganisation(settings);
    await testKeys.keys.ensureViewKeys({ organisationIds: [quiet], months: testKeys.months });
    const where = { ...key(), organisationId: quiet };
    const day = Temporal.Now.instant().toZonedDateTimeISO('Europe/Paris').add({ days: 3 });
    const start = day.with({ hour: 21, minute: 0 }).round('minute').toInstant();
    const putIn = (timeZone: string) => {
      const reminders = [{ before: 'PT12H', channel: 'sms' as const }];
      return accept.put({
        ...where,
        body: appointmentRequest({ start: start.toString(), timeZone, reminders }),
      });
    };
    await putIn('Europe/Paris');
    // Nine in the morning there is three here.
    const { id } = await putIn('America/New_York');
    const { rows } = await db.admin.query(
      `select state, (send_at at time zone 'America/New_York')::time >= '08:00' as by_day
       from reminders where appointment_id = $1 order by send_at`,
      [id],
    );
    expect(rows).toEqual([
      { state: 'superseded', by_day: false },
      { state: 'scheduled', by_day: true },
    ]);
    await putIn('America/New_York');
    expect(await remindersOf(id)).toHaveLength(2);
  });

  it('tells of a notice that quiet hours leave no room for', async () => {
    const here = Temporal.Now.zonedDateTimeISO('Europe/Paris').toPlainTime();
    const wall = (hours: number) => here.add({ hours }).toString({ smallestUnit: 'minute' });
    const settings = { quiet_from: wall(-1), quiet_until: wall(3) };
    const quiet = await db.createOrganisation(settings);
    await testKeys.keys.ensureViewKeys({ organisationIds: [quiet], months: testKeys.months });
    const body = appointmentRequest({ notice: 'now', reminders: [] }, 1);
    const answer = await accept.put({ ...key(), organisationId: quiet, body });
    expect(answer.reminders).toMatchObject([{ state: 'skipped', skipped: 'quiet_hours' }]);
    expect(await remindersOf(answer.id)).toMatchObject([{ kind: 'notice', links: 0 }]);
  });

  it('that revokes a link stands in the journal first, so that no restore revives the link', async () => {
    const where = key();
    const { id, reminders } = await accept.put({ ...where, body: appointmentRequest() });
    await setState(reminders[0]?.id ?? '', 'sent');
    const links = () =>
      db.admin.query(
        'select id, revoked_at from links where appointment_id = $1 and revoked_at is not null',
        [id],
      );
    const sent = await db.admin.query('select id from links where appointment_id = $1', [id]);
    const journalled: JournalEntry[] = [];
    let isFull = true;
    const journal = {
      async append(entry: JournalEntry) {
        if (isFull) throw new Error('no space');
        expect((await links()).rows).toEqual([]);
        journalled.push(entry);
      },
    };
    const { put } = await createTestAccept({
      database: db.open('api'),
      ...testKeys,
      change: { journal },
    });
    const body = appointmentRequest({ notice: 'now' });
    await expect(put({ ...where, body })).rejects.toThrow('no space');
    expect((await links()).rows).toEqual([]);

    isFull = false;
    await put({ ...where, body });
    expect(journalled).toEqual([{ kind: 'link_revocation', linkId: sent.rows[0].id }]);
    expect((await links()).rows).toMatchObject([{ id: sent.rows[0].id }]);
  });

  it('is sent at a time that its organisation spreads', async () => {
    const spreading = await db.createOrganisation({ jitter_minutes: 60 });
    const ownKeys = await createTestKeys([spreading]);
    try {
      const { put } = await createTestAccept({ database: db.open('api'), ...ownKeys });
      const body = appointmentRequest();
      const dayBefore = Date.parse(body.reveal().start) - 24 * 3_600_000;
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => put({ ...key(), organisationId: spreading, body })),
      );
      const offsMs = answers.map(({ reminders: [one] }) =>
        Math.abs(Date.parse(one?.sendAt ?? '') - dayBefore),
      );
      expect(new Set(offsMs).size).toBeGreaterThan(1);
      expect(Math.max(...offsMs)).toBeLessThanOrEqual(3_600_000);
    } finally {
      await ownKeys.remove();
    }
  });

  it('moved twice: the notice that waits never goes out after the appointment', async () => {
    const where = key();
    // Quiet all day but for one minute a day: a notice waits, and a later version moves past it.
    const quiet = await createTestAccept({
      database: db.open('api'),
      ...testKeys,
      change: {
        journal: { append: async () => {} },
        settingsOf: async (id) => ({
          id,
          defaultLanguage: 'fr',
          reminderPlan: [],
          quietHours: { start: '00:01', end: '00:00' },
          jitterMinutes: 0,
          daysAheadMax: 400,
          proofPolicy: 'standard',
          portal: null,
          countries: null,
          ...noCeilings,
        }),
      },
    });
    const first = await accept.put({ ...where, body: appointmentRequest({}, 200) });
    await setState(first.reminders[0]?.id ?? '', 'sent');
    await quiet.put({ ...where, body: appointmentRequest({ reminders: [] }, 190) });
    const body = appointmentRequest({ reminders: [] }, 30);
    const moved = await quiet.put({ ...where, body });
    const [notice] = (await remindersOf(first.id)).filter(
      ({ kind, state }) => kind === 'notice' && state === 'scheduled',
    );
    expect(notice.not_after.getTime()).toBe(Date.parse(body.reveal().start));
    expect(notice.due_at.getTime()).toBeLessThan(notice.not_after.getTime());
    const told = moved.reminders.find(({ id }) => id === notice.id);
    expect(Date.parse(told?.notAfter ?? '')).toBe(notice.not_after.getTime());
  });

  it.each(['booked', 'cancelled'] as const)(
    'replaced by somebody who does not know when it is (%s) does not tell',
    async (status) => {
      const where = key();
      const plan = ['P1D', 'PT2H'].map((before) => ({ before, channel: 'sms' as const }));
      const stored = appointmentRequest({ reminders: plan }, 200);
      const first = await accept.put({ ...where, body: stored });
      await setState(first.reminders[0]?.id ?? '', 'sent');
      const theirs = appointmentRequest({ status, notice: 'now', reminders: [] }, 300);
      const answer = await accept.put({ ...where, body: theirs });
      expect(answer.reminders.length).toBeGreaterThan(1);
      const { rows } = await db.admin.query<{ time: Date }>(
        `select unnest(array[starts_at, send_at, resolved_at, not_after]) as time from reminders
           join (select id, starts_at from appointments) a on a.id = appointment_id
         where reminders.id = any($1::uuid[])`,
        [first.reminders.map(({ id }) => id)],
      );
      const known = Date.parse(theirs.reveal().start);
      const times = rows.map(({ time }) => time.getTime()).filter((time) => time !== known);
      expect(times).toContain(Date.parse(stored.reveal().start));
      const told = Object.values(JSON.parse(JSON.stringify(answer.reminders))).flatMap((reminder) =>
        Object.values(reminder as object).map((value) => Date.parse(String(value))),
      );
      expect(told.filter((time) => times.includes(time))).toEqual([]);
    },
  );

  it('cancelled while a send is in the air: marked, not cut off', async () => {
    const where = key();
    const first = await accept.put({ ...where, body: appointmentRequest() });
    await setState(first.reminders[0]?.id ?? '', 'sending');
    const deleted = await accept.remove({ ...where, erase: false });
    expect(deleted.reminders).toEqual([{ id: first.reminders[0]?.id, state: 'in_flight' }]);
    const [row] = await remindersOf(first.id);
    expect(row).toMatchObject({ state: 'sending', pending_end: 'cancelled' });
  });

  it('of many at once shares commits, and one lower revision fails alone', async () => {
    const where = key();
    await accept.put({ ...where, body: appointmentRequest({ revision: 5 }) });
    const results = await Promise.allSettled([
      ...Array.from({ length: 40 }, () => accept.put({ ...key(), body: appointmentRequest() })),
      accept.put({ ...where, body: appointmentRequest({ revision: 4 }) }),
      accept.put({ ...where, body: appointmentRequest() }),
      accept.put({ ...where, body: appointmentRequest({ revision: 5 }) }),
    ]);
    expect(results.slice(0, 40).every(({ status }) => status === 'fulfilled')).toBe(true);
    const codes = results
      .slice(40)
      .map((result) => (result.status === 'rejected' ? result.reason.code : result.value.version));
    expect(codes).toEqual(['stale_revision', 'revision_required', 2]);
  });

  it('after DELETE makes a new appointment, above the revision of the deleted one only', async () => {
    const where = key();
    const first = await accept.put({ ...where, body: appointmentRequest({ revision: 7 }) });
    await accept.remove({ ...where, erase: false });
    const again = (revision?: number) =>
      accept.put({
        ...where,
        body: appointmentRequest(revision === undefined ? {} : { revision }),
      });
    await expect(again(7)).rejects.toMatchObject({ code: 'stale_revision' });
    await expect(again()).rejects.toMatchObject({ code: 'revision_required' });
    const second = await again(8);
    expect(second).toMatchObject({ created: true, version: 1 });
    expect(second.id).not.toBe(first.id);
  });

  it('deleted before anybody was told: nothing sealed is left; after, what the link shows', async () => {
    const sealed = async (id: string) =>
      (await db.admin.query('select 1 from versions where appointment_id = $1', [id])).rowCount;
    const [unseen, seen] = [key(), key()];
    const first = await accept.put({ ...unseen, body: appointmentRequest() });
    await accept.remove({ ...unseen, erase: false });
    expect(await sealed(first.id)).toBe(0);

    const second = await accept.put({ ...seen, body: appointmentRequest() });
    await setState(second.reminders[0]?.id ?? '', 'sent');
    await accept.remove({ ...seen, erase: false });
    expect(await sealed(second.id)).toBe(1);
  });

  it('erased: nothing sealed is left, also of what was deleted before', async () => {
    const where = key();
    const first = await accept.put({ ...where, body: appointmentRequest() });
    await accept.remove({ ...where, erase: false });
    const answer = await accept.remove({ ...where, erase: true });
    expect(answer).toMatchObject({ id: first.id, state: 'erased' });
    for (const table of ['versions', 'links', 'content_keys']) {
      const { rows } = await db.admin.query(`select 1 from ${table} where appointment_id = $1`, [
        first.id,
      ]);
      expect(rows, table).toHaveLength(0);
    }
  });

  it('tells on which channel each reminder is', async () => {
    const where = key();
    await accept.put({ ...where, body: appointmentRequest() });
    const { rows } = await db.admin.query(
      `select e.channel, r.channel as meant from events e join reminders r on r.id = e.reminder_id
       where e.reference = $1 and e.to_state = 'scheduled'`,
      [where.reference],
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { channel, meant } of rows) expect(channel).toBe(meant);
  });

  it('repeated, like an answer that got lost, it answers the same and does nothing more', async () => {
    const where = key();
    await accept.put({ ...where, body: appointmentRequest() });
    for (const erase of [false, true]) {
      const answer = await accept.remove({ ...where, erase });
      const events = () =>
        db.admin.query('select type from events where reference = $1', [where.reference]);
      const { rowCount } = await events();
      expect(await accept.remove({ ...where, erase })).toEqual(answer);
      expect((await events()).rowCount).toBe(rowCount);
    }
    expect(await accept.remove({ ...where, erase: false })).toMatchObject({ state: 'erased' });
  });
});
