import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';

let fixture: ApiFixture;
let organisationId: string;
let key: string;
let credentialId: string;

beforeAll(async () => {
  fixture = await createApiFixture();
});
afterAll(() => fixture.close());
beforeEach(async () => {
  organisationId = await fixture.database.createOrganisation({
    quiet_from: '21:00',
    quiet_until: '08:00',
    jitter_minutes: 15,
  });
  key = await fixture.key({ organisationId, scopes: ['settings'] });
  const { rows } = await fixture.database.admin.query(
    'select id from credentials where organisation_id = $1',
    [organisationId],
  );
  credentialId = rows[0].id;
});

const get = (headers: Record<string, string> = {}, as = key) =>
  fixture.request({ method: 'GET', url: '/v1/organisation', key: as, headers });
const put = (payload: object, headers: Record<string, string> = {}, as = key) =>
  fixture.request({ method: 'PUT', url: '/v1/organisation', key: as, payload, headers });
const audit = async (id = organisationId) =>
  (
    await fixture.database.admin.query(
      `select actor, subject, reason, at > clock_timestamp() - interval '1 minute' as "isNow"
       from audit where action = 'organisation.set' and organisation_id = $1 order by id`,
      [id],
    )
  ).rows;
const atNow = { isNow: true, reason: null };

describe('the settings of an organisation', () => {
  it('are told, and change where they are named, each with a line that says who', async () => {
    const before = await get();
    expect(before.statusCode).toBe(200);
    expect(before.json()).toEqual({
      id: organisationId,
      name: 'Test organisation',
      defaultLanguage: 'fr',
      reminderPlan: [
        { before: 'P2D', channel: 'sms' },
        { before: 'PT3H', channel: 'sms' },
      ],
      quietHours: { start: '21:00', end: '08:00' },
      jitterMinutes: 15,
      uncertainPolicy: 'resend',
      birthDateOpens: 'time',
      proofPolicy: 'standard',
      portal: null,
      daysAheadMax: 400,
      requestsPerMinute: null,
      appointmentsPerHour: 1_000_000,
      appointmentsPerDay: 10_000_000,
      remindersPerHour: 1_000_000,
      remindersPerDay: 10_000_000,
      numbersPerHour: 50_000,
      countries: null,
    });
    const changes = {
      defaultLanguage: 'nl',
      reminderPlan: [{ before: 'P7D', channel: 'auto' }],
      quietHours: null,
      uncertainPolicy: 'hold',
      daysAheadMax: 90,
    };
    const changed = await put({ ...changes, reminderPlan: [{ before: 'P1W', channel: 'auto' }] });
    expect(changed.statusCode).toBe(200);
    expect(changed.json()).toEqual({ ...before.json(), ...changes });
    expect((await get()).json()).toEqual(changed.json());
    const actor = `credential ${credentialId}`;
    expect(await audit()).toEqual(
      [
        'defaultLanguage="nl"',
        'reminderPlan=[{"before":"P7D","channel":"auto"}]',
        'quietHours=null',
        'uncertainPolicy="hold"',
        'daysAheadMax=90',
      ].map((subject) => ({ ...atNow, actor, subject })),
    );
  });

  it('can be written back as they were read, which changes nothing and leaves no line', async () => {
    const before = (await get()).json();
    const answer = await put(before);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual(before);
    expect(await audit()).toEqual([]);
  });

  it('say what patients may prove with, and where they log in', async () => {
    const portal = { issuer: 'https://login.example.org/realm', clientId: 'sotto' };
    const accepted = await put({ proofPolicy: 'strict', portal });
    const whole = { ...portal, acrValues: [], maxAgeMinutes: 10 };
    expect(accepted.json()).toMatchObject({ proofPolicy: 'strict', portal: whole });
    expect((await put(accepted.json())).json()).toEqual(accepted.json());
    expect((await put({ portal: null })).json()).toMatchObject({ portal: null });
    const subjects = (await audit()).map(({ subject }) => subject);
    expect(subjects).toEqual([
      'proofPolicy="strict"',
      `portal=${JSON.stringify(whole)}`,
      'portal=null',
    ]);
    for (const issuer of [
      'http://login.example.org',
      'https://10.0.0.8',
      'https://x.example/?a=b',
    ]) {
      expect((await put({ portal: { ...portal, issuer } })).statusCode).toBe(422);
    }
  });

  it('that bound what a stolen key can do are only ever tightened by a key', async () => {
    const tight = await put({ numbersPerHour: 400, countries: ['FR', 'BE'] });
    expect(tight.json()).toMatchObject({ numbersPerHour: 400, countries: ['BE', 'FR'] });
    const loose = await put({ numbersPerHour: 401, countries: null, remindersPerDay: null });
    expect(loose.statusCode).toBe(422);
    expect(loose.json().errors).toEqual(
      ['/remindersPerDay', '/numbersPerHour', '/countries'].map((pointer) => ({
        ...{ pointer, code: 'read_only' },
      })),
    );
    expect((await get()).json()).toEqual(tight.json());
    expect((await audit()).map(({ subject }) => subject)).toEqual([
      'numbersPerHour=400',
      'countries=["BE","FR"]',
    ]);
  });

  it('let a birth date open everything only with a reason, which is kept', async () => {
    const refused = await put({ birthDateOpens: 'everything' });
    expect(refused.statusCode).toBe(422);
    expect(refused.json().errors).toEqual([{ pointer: '/reason', code: 'required' }]);
    const reason = 'accepted by the board on 3 May';
    const accepted = await put({ birthDateOpens: 'everything', reason });
    expect(accepted.json()).toMatchObject({ birthDateOpens: 'everything' });
    expect(accepted.json()).not.toHaveProperty('reason');
    expect((await put({ birthDateOpens: 'time' })).statusCode).toBe(200);
    const actor = `credential ${credentialId}`;
    expect(await audit()).toEqual([
      { ...atNow, actor, subject: 'birthDateOpens="everything"', reason },
      { ...atNow, actor, subject: 'birthDateOpens="time"' },
    ]);
  });

  it.each<[object, object[]]>([
    [{ jitter: 3 }, [{ pointer: '/jitter', code: 'unknown_field' }]],
    [{ name: 'Another' }, [{ pointer: '/name', code: 'read_only' }]],
    [{ requestsPerMinute: 1 }, [{ pointer: '/requestsPerMinute', code: 'read_only' }]],
    [{ jitterMinutes: '5' }, [{ pointer: '/jitterMinutes', code: 'invalid_type' }]],
    [{ jitterMinutes: 5.5 }, [{ pointer: '/jitterMinutes', code: 'invalid_value' }]],
    [{ defaultLanguage: null }, [{ pointer: '/defaultLanguage', code: 'invalid_type' }]],
    [{ quietHours: { start: '21:00' } }, [{ pointer: '/quietHours/end', code: 'required' }]],
    [
      { defaultLanguage: 'en', reminderPlan: [{ before: 'P1D', channel: 'pigeon' }] },
      [{ pointer: '/reminderPlan/0/channel', code: 'invalid_value' }],
    ],
  ])('stay whole when %j is refused', async (wanted, errors) => {
    const before = (await get()).json();
    const answer = await put(wanted);
    expect(answer.statusCode).toBe(422);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ code: 'invalid_request', errors });
    expect((await get()).json()).toEqual(before);
    expect(await audit()).toEqual([]);
  });

  it('are those of the organisation that a platform names, and of no other', async () => {
    const other = await fixture.database.createOrganisation();
    const stranger = await fixture.database.createOrganisation();
    const platform = await fixture.key({ organisationId, actsFor: [other] });
    const named = { 'sotto-organisation': other };
    expect((await get(named, platform)).json()).toMatchObject({ id: other });
    expect((await put({ jitterMinutes: 7 }, named, platform)).json()).toMatchObject({ id: other });
    expect((await get()).json()).toMatchObject({ jitterMinutes: 15 });
    expect((await audit(other)).map(({ subject }) => subject)).toEqual(['jitterMinutes=7']);
    const answers = await Promise.all(
      [stranger, randomUUID()].map((id) =>
        put({ jitterMinutes: 8 }, { 'sotto-organisation': id }, platform),
      ),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403]);
    expect(await audit(stranger)).toEqual([]);
  });

  it('that change together all stand, and each leaves its line', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        put(index % 2 === 0 ? { jitterMinutes: 20 + index } : { daysAheadMax: 100 + index }),
      ),
    );
    expect(answers.every(({ statusCode }) => statusCode === 200)).toBe(true);
    const lines = (await audit()).map(({ subject }) => subject);
    expect(lines).toHaveLength(8);
    const last = (name: string) => lines.findLast((line) => line.startsWith(name));
    const { jitterMinutes, daysAheadMax } = (await get()).json();
    expect(last('jitter')).toBe(`jitterMinutes=${jitterMinutes}`);
    expect(last('days')).toBe(`daysAheadMax=${daysAheadMax}`);
  });
});

describe('a change that nobody could account for', () => {
  it('is not made', async () => {
    const { admin } = fixture.database;
    await admin.query('revoke insert on audit from sotto_api');
    await admin.query('drop policy own_settings on audit');
    try {
      const answer = await put({ defaultLanguage: 'en' });
      expect(answer.statusCode).toBe(500);
      expect(answer.json()).toMatchObject({ code: 'internal' });
      expect((await get()).json()).toMatchObject({ defaultLanguage: 'fr' });
    } finally {
      await admin.query(`grant insert (actor, action, organisation_id, subject, reason) on audit to sotto_api;
        create policy own_settings on audit for insert to sotto_api with check (
          organisation_id = any ((select visible_organisations())::uuid[])
          and action = 'organisation.set' and actor like 'credential %')`);
    }
    expect((await put({ defaultLanguage: 'en' })).statusCode).toBe(200);
  });
});

describe('what was accepted earlier', () => {
  it('keeps its plan, and what comes after has the new one', async () => {
    const test = await createTestKeys([organisationId]);
    try {
      const database = fixture.database.open('api');
      const { put: accept } = await createTestAccept({ database, ...test });
      const planned = async (reference: string) => {
        const { reminders: _none, ...body } = appointmentRequest({}, 24 * 10).reveal();
        return accept({ organisationId, mode: 'test', reference, body: new Secret(body) });
      };
      const rows = async () =>
        (
          await fixture.database.admin.query(
            `select r.id, r.send_at, r.state from reminders r join appointments a on a.id = r.appointment_id
             where a.organisation_id = $1 and a.reference = 'early' order by r.send_at`,
            [organisationId],
          )
        ).rows;
      await planned('early');
      const before = await rows();
      expect(before).toHaveLength(2);
      expect((await put({ reminderPlan: [{ before: 'P1D', channel: 'sms' }] })).statusCode).toBe(
        200,
      );
      expect((await planned('late')).reminders).toHaveLength(1);
      expect(await rows()).toEqual(before);
    } finally {
      await test.remove();
    }
  });
});
