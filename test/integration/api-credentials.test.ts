import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scope, scopes } from '../../src/domain/scope.ts';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { newApiKey } from '../../src/keys/api-key.ts';
import { changePlatform } from '../../src/usecases/change-platform.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { createOrganisation } from '../../src/usecases/create-organisation.ts';
import { revokeCredential } from '../../src/usecases/revoke-credential.ts';
import { rotateCredential } from '../../src/usecases/rotate-credential.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { listRoutes } from '../support/list-routes.ts';
import { waitFor } from '../support/wait-for.ts';

let fixture: ApiFixture;
let organisationId: string;
/** For whom the use cases were called. */
let calls: { organisationId: string; mode: string }[] = [];
/** The clock of the rate limiter, in ms. */
let nowMs = 0;

beforeAll(async () => {
  fixture = await createApiFixture(() => ({
    nowMs: () => nowMs,
    async listAppointments({ organisationId, mode }) {
      calls.push({ organisationId, mode });
      return { appointments: [], next: null };
    },
    deleteAppointment: async ({ reference }) => ({
      id: randomUUID(),
      reference,
      version: 1,
      state: 'cancelled',
      reminders: [],
    }),
  }));
  organisationId = await fixture.database.createOrganisation();
});
afterAll(() => fixture.close());

const list = (key?: string, headers: Record<string, string> = {}) =>
  fixture.request({ method: 'GET', url: '/v1/appointments', ...(key ? { key } : {}), headers });

const admin = () => ({ adminUrl: fixture.database.adminUrl });
const journaled: JournalEntry[] = [];
const journal = { append: async (entry: JournalEntry) => void journaled.push(entry) };
const revoke = (credentialId: string) =>
  revokeCredential({ ...admin(), journal }, { credentialId });
const rotate = (credentialId: string, overlapMs: number) =>
  rotateCredential({ ...admin(), journal, now: () => new Date() }, { credentialId, overlapMs });

describe('401', () => {
  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic c290dG86c290dG8=' }],
    ['no key', { authorization: 'Bearer ' }],
    ['what is no key of ours', { authorization: 'Bearer sotto_test_short' }],
    ['a key that nobody made', { authorization: `Bearer ${newApiKey('test').key.reveal()}` }],
  ])('for %s, all alike', async (_name, headers) => {
    const answer = await list(undefined, headers as Record<string, string>);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="sotto"');
    expect(answer.body).toBe((await list()).body);
  });

  it('for a key that names another mode than it was made for', async () => {
    const { id, key } = await createApiKey(admin(), { organisationId, mode: 'test' });
    expect((await list(key.reveal().replace('_test_', '_live_'))).statusCode).toBe(401);
    await fixture.database.admin.query(`update credentials set mode = 'live' where id = $1`, [id]);
    expect((await list(key.reveal())).statusCode).toBe(401);
  });

  it('from the next request on for a key that was revoked, in each process and with many on the way', async () => {
    const { id, key } = await createApiKey(admin(), { organisationId, mode: 'test' });
    const second = await createApiFixture(undefined, fixture.database);
    let isRevoked = false;
    const before: number[] = [];
    const after: number[] = [];
    const goOn = async ({ request }: ApiFixture) => {
      for (let afterwards = 0; afterwards < 5; ) {
        const answers = isRevoked ? after : before;
        if (isRevoked) afterwards += 1;
        const url = '/v1/appointments';
        answers.push((await request({ method: 'GET', url, key: key.reveal() })).statusCode);
        await nextTurn();
      }
    };
    const callers = [fixture, fixture, fixture, second, second, second].map(goOn);
    await waitFor(() => before.length > 100);
    await revoke(id);
    isRevoked = true;
    await Promise.all(callers);
    await second.close();
    expect(before.slice(0, 100)).toEqual(Array(100).fill(200));
    expect(after).toEqual(Array(30).fill(401));
  });

  it('for a key that has expired, by the clock of the database', async () => {
    const expiresAt = new Date(Date.now() - 1_000);
    expect((await list(await fixture.key({ organisationId, expiresAt }))).statusCode).toBe(401);
    const later = new Date(Date.now() + 60_000);
    expect((await list(await fixture.key({ organisationId, expiresAt: later }))).statusCode).toBe(
      200,
    );
  });

  it('before anything of the body is looked at', async () => {
    const answer = await fixture.request({
      method: 'PUT',
      url: '/v1/appointments/visit-1',
      headers: { 'content-type': 'application/json' },
      payload: '{',
    });
    expect(answer.statusCode).toBe(401);
  });
});

describe('403', () => {
  /** What lets a key in, of every route there is. */
  const enough: Record<string, readonly Scope[]> = {
    'PUT /v1/appointments/:reference': ['write'],
    'GET /v1/appointments/:reference': ['status', 'write'],
    'DELETE /v1/appointments/:reference': ['write'],
    'GET /v1/appointments': ['list'],
    'GET /v1/events': ['list', 'status'],
    'GET /v1/ledger': ['ledger'],
    'GET /v1/incidents': ['status'],
    'GET /v1/incidents/:id': ['status'],
    'GET /v1/organisation': ['settings'],
    'PUT /v1/organisation': ['settings'],
    'GET /v1/send-check': ['settings'],
    'PUT /v1/send-check': ['settings'],
    'DELETE /v1/send-check': ['settings'],
    'POST /v1/send-check/test': ['settings'],
    'POST /v1/send-check/rotate-secret': ['settings'],
    'GET /v1/webhook-endpoints': ['webhooks'],
    'POST /v1/webhook-endpoints': ['webhooks'],
    'GET /v1/webhook-endpoints/:id': ['webhooks'],
    'PUT /v1/webhook-endpoints/:id': ['webhooks'],
    'DELETE /v1/webhook-endpoints/:id': ['webhooks'],
    'POST /v1/webhook-endpoints/:id/rotate-secret': ['webhooks'],
    'POST /v1/webhook-endpoints/:id/test': ['webhooks'],
    'POST /v1/webhook-endpoints/:id/replay': ['webhooks'],
    'GET /v1/webhook-endpoints/:id/failures': ['webhooks'],
  };
  let routes: string[];
  let keys: [readonly Scope[], string][];
  beforeAll(async () => {
    routes = (await listRoutes(fixture.api)).filter((route) => route.includes(' /v1/'));
    const sets = scopes.flatMap((one) => [[one], scopes.filter((scope) => scope !== one)]);
    keys = await Promise.all(
      sets.map(async (set) => [set, await fixture.key({ organisationId, scopes: set })] as const),
    ).then((made) => made.map(([set, key]) => [set, key]));
  });

  it('is decided for each route', () => {
    expect(routes.toSorted()).toEqual(Object.keys(enough).toSorted());
  });

  it.each([
    ...Object.entries(enough),
    ['DELETE /v1/appointments/:reference?erase=true', ['erase']] as const,
    ['DELETE /v1/appointments/:reference?erase=false', ['write']] as const,
  ])('for %s without one of %j', async (route, wanted) => {
    const [method, url] = route.replace(':reference', 'visit-1').split(' ');
    for (const [set, key] of keys) {
      const answer = await fixture.request({ method: method as 'GET', url: url ?? '', key });
      const isEnough = wanted.some((scope) => set.includes(scope));
      expect(answer.statusCode === 403, `${route} with ${set}`).toBe(!isEnough);
      expect(answer.statusCode).not.toBe(401);
      if (!isEnough) expect(answer.json()).toMatchObject({ code: 'forbidden' });
    }
  });

  it('for a key without any scope', async () => {
    const key = await fixture.key({ organisationId, scopes: [] });
    expect((await list(key)).statusCode).toBe(403);
  });
});

describe('the organisation of a request', () => {
  it('is that of the key, in the mode of the key', async () => {
    calls = [];
    await list(await fixture.key({ organisationId, mode: 'live' }));
    await list(await fixture.key({ organisationId, mode: 'test' }));
    expect(calls).toEqual([
      { organisationId, mode: 'live' },
      { organisationId, mode: 'test' },
    ]);
  });

  it('is the one that a platform names, if it may; else its own', async () => {
    const other = await fixture.database.createOrganisation();
    const key = await fixture.key({ organisationId, actsFor: [other] });
    calls = [];
    await list(key, { 'sotto-organisation': other });
    await list(key, { 'sotto-organisation': other.toUpperCase() });
    await list(key, { 'sotto-organisation': organisationId });
    await list(key);
    expect(calls.map((call) => call.organisationId)).toEqual([
      other,
      other,
      organisationId,
      organisationId,
    ]);
  });

  it('is one that a platform was allowed a moment ago, until it no longer is', async () => {
    const other = await fixture.database.createOrganisation();
    const { id, key } = await createApiKey(admin(), { organisationId, mode: 'test' });
    const status = async () =>
      (await list(key.reveal(), { 'sotto-organisation': other })).statusCode;
    const change = async (allow: boolean, organisation = other) => {
      const asked = { credentialId: id, organisationId: organisation, allow };
      return (await changePlatform({ ...admin(), journal }, asked)).changed;
    };
    expect(await status()).toBe(403);
    expect([await change(true), await change(true)]).toEqual([true, false]);
    expect(await status()).toBe(200);
    expect([await change(false), await change(false)]).toEqual([true, false]);
    expect(await status()).toBe(403);
    const entry = { kind: 'credential_disallowed', credentialId: id, organisationId: other };
    expect(journaled.filter((one) => 'credentialId' in one && one.credentialId === id)).toEqual([
      entry,
    ]);
    expect(await change(false, organisationId)).toBe(false);
    expect((await list(key.reveal())).statusCode).toBe(200);
    await expect(change(true, randomUUID())).rejects.toMatchObject({ code: 'not_found' });
    const { rows } = await fixture.database.admin.query(
      'select action, organisation_id from audit where subject = $1 order by id offset 1',
      [id],
    );
    expect(rows).toEqual([
      { action: 'credential.allow', organisation_id: other },
      { action: 'credential.disallow', organisation_id: other },
    ]);
  });

  it('is refused alike when it is not for this key, is none, or does not exist', async () => {
    const other = await fixture.database.createOrganisation();
    const allowed = await fixture.database.createOrganisation();
    const platform = await fixture.key({ organisationId, actsFor: [allowed] });
    const plain = await fixture.key({ organisationId });
    const answers = await Promise.all([
      list(platform, { 'sotto-organisation': other }),
      list(platform, { 'sotto-organisation': randomUUID() }),
      ...['x', '', '*', `${allowed}, ${allowed}`, `{${allowed}}`, allowed.replaceAll('-', '')].map(
        (malformed) => list(platform, { 'sotto-organisation': malformed }),
      ),
      list(plain, { 'sotto-organisation': other }),
      list(plain, { 'sotto-organisation': allowed }),
    ]);
    expect(answers.map((answer) => answer.statusCode)).toEqual(answers.map(() => 403));
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
  });
});

describe('a key that is replaced', () => {
  const usable = async (key: string) => (await list(key)).statusCode === 200;
  const facts = async (id: string) =>
    (
      await fixture.database.admin.query(
        `select label, scopes, mode, platform, expires_at - created_at as lifetime,
           extract(epoch from expires_at - clock_timestamp())::integer as "leftS"
         from credentials where id = $1`,
        [id],
      )
    ).rows[0];

  it('works beside the new one until the overlap is over, and the new one may do the same', async () => {
    const other = await fixture.database.createOrganisation();
    const rights = { scopes: ['list', 'status'] as const, actsFor: [other], label: 'Front desk' };
    const old = await createApiKey(admin(), { organisationId, mode: 'live', ...rights });
    const rotated = await rotate(old.id, 3_600_000);
    if (rotated.outcome !== 'rotated') throw new Error(rotated.outcome);
    const fresh = rotated.key.reveal();
    expect(await usable(old.key.reveal())).toBe(true);
    expect((await list(fresh, { 'sotto-organisation': other })).statusCode).toBe(200);
    const before = await facts(old.id);
    expect(before.leftS).toBeGreaterThan(3_500);
    expect(before.leftS).toBeLessThanOrEqual(3_600);
    expect(await facts(rotated.id)).toEqual({ ...before, lifetime: null, leftS: null });

    expect(await rotate(old.id, 0)).toEqual({ outcome: 'replaced', by: rotated.id });
    const last = await rotate(rotated.id, 0);
    expect(await usable(fresh)).toBe(false);
    expect(last.outcome === 'rotated' && (await usable(last.key.reveal()))).toBe(true);
    expect(await rotate(rotated.id, 3_600_000)).toEqual({ outcome: 'ended' });
  });

  it('never lives longer for it, and has an heir that lasts as long as it was to last', async () => {
    const expiresAt = new Date(Date.now() + 60_000);
    const old = await createApiKey(admin(), { organisationId, mode: 'test', expiresAt });
    const rotated = await rotate(old.id, 3_600_000);
    if (rotated.outcome !== 'rotated') throw new Error(rotated.outcome);
    expect(rotated.oldExpiresAt).toEqual(expiresAt);
    const lifetimeMs = (rotated.expiresAt?.getTime() ?? 0) - Date.now();
    expect(lifetimeMs).toBeGreaterThan(50_000);
    expect(lifetimeMs).toBeLessThan(61_000);
  });

  it('was neither revoked nor unknown', async () => {
    const { id } = await createApiKey(admin(), { organisationId, mode: 'test' });
    await revoke(id);
    expect(await rotate(id, 1_000)).toEqual({ outcome: 'ended' });
    await expect(rotate(randomUUID(), 1_000)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('429', () => {
  it('after the requests of a minute, with the headers that say so, until the minute is over', async () => {
    const limited = await fixture.database.createOrganisation({ requests_per_minute: 3 });
    const key = await fixture.key({ organisationId: limited });
    const other = await fixture.key({ organisationId: limited });
    const left = [];
    for (let request = 0; request < 3; request += 1) {
      const answer = await list(key);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['ratelimit-policy']).toBe('"credential";q=3;w=60');
      left.push(answer.headers.ratelimit);
    }
    expect(left).toEqual([
      '"credential";r=2;t=60',
      '"credential";r=1;t=60',
      '"credential";r=0;t=60',
    ]);
    nowMs += 20_000;
    const refused = await list(key);
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ code: 'rate_limited' });
    expect(refused.headers['retry-after']).toBe('40');
    expect(refused.headers.ratelimit).toBe('"credential";r=0;t=40');
    expect((await list(other)).statusCode).toBe(200);
    nowMs += 40_000;
    expect((await list(key)).statusCode).toBe(200);
  });

  it('never where the organisation has no ceiling', async () => {
    const answer = await list(await fixture.key({ organisationId }));
    expect(answer.headers).not.toHaveProperty('ratelimit');
  });
});

describe('a burst of requests', () => {
  it('is recognised together, each as itself', async () => {
    const organisations = await Promise.all(
      Array.from({ length: 5 }, () => fixture.database.createOrganisation()),
    );
    const keys = await Promise.all(
      organisations.map((id) => fixture.key({ organisationId: id, mode: 'live' })),
    );
    calls = [];
    const wrong = newApiKey('live').key.reveal();
    const answers = await Promise.all([...keys, wrong, ...keys].map((key) => list(key)));
    expect(answers.map((answer) => answer.statusCode)).toEqual([
      ...Array(5).fill(200),
      401,
      ...Array(5).fill(200),
    ]);
    expect(calls.map((call) => call.organisationId).sort()).toEqual(
      [...organisations, ...organisations].sort(),
    );
  });

  it('marks a key as used once a minute, and waits for nobody who holds its row', async () => {
    const { id, key } = await createApiKey(admin(), { organisationId, mode: 'test' });
    const usedAt = async () => {
      const { rows } = await fixture.database.admin.query(
        'select last_used_at from credentials where id = $1',
        [id],
      );
      return rows[0].last_used_at as Date | null;
    };
    expect(await usedAt()).toBeNull();
    await list(key.reveal());
    const first = await usedAt();
    expect(first).toBeInstanceOf(Date);
    await list(key.reveal());
    expect(await usedAt()).toEqual(first);

    const holder = await fixture.database.admin.connect();
    try {
      await holder.query('begin');
      await holder.query(
        `update credentials set last_used_at = now() - interval '2 minutes' where id = $1`,
        [id],
      );
      await holder.query('commit; begin');
      await holder.query('select from credentials where id = $1 for update', [id]);
      expect((await list(key.reveal())).statusCode).toBe(200);
    } finally {
      await holder.query('rollback');
      holder.release();
    }
    await list(key.reveal());
    expect((await usedAt())?.getTime()).toBeGreaterThan(first?.getTime() ?? 0);
  });

  it('answers 503 when the database is away', async () => {
    const away = await createApiFixture();
    const key = await away.key({ organisationId: await away.database.createOrganisation() });
    const name = new URL(away.database.adminUrl.reveal()).pathname.slice(1);
    await away.database.admin.query(`alter database ${name} connection limit 0`);
    try {
      const answer = await away.request({ method: 'GET', url: '/v1/appointments', key });
      expect(answer.statusCode).toBe(503);
      expect(answer.json()).toMatchObject({ code: 'unavailable' });
      expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    } finally {
      await away.close();
    }
  });
});

describe('the command line', () => {
  it('makes an organisation with settings, and a key that is stored as its hash', async () => {
    const { id } = await createOrganisation(admin(), {
      name: 'Cabinet',
      settings: {
        defaultLanguage: 'de',
        requestsPerMinute: null,
        reminderPlan: [{ before: 'P1D', channel: 'sms' }],
      },
    });
    const { id: credentialId, key } = await createApiKey(admin(), {
      organisationId: id,
      mode: 'test',
    });
    const { rows } = await fixture.database.admin.query(
      `select o.name, o.default_language, o.requests_per_minute, o.reminder_plan, o.jitter_minutes,
         octet_length(c.key_hash) as hash_bytes, to_jsonb(c)::text as stored
       from organisations o join credentials c on c.organisation_id = o.id where o.id = $1`,
      [id],
    );
    expect(rows).toEqual([
      {
        name: 'Cabinet',
        default_language: 'de',
        requests_per_minute: null,
        reminder_plan: [{ before: 'P1D', channel: 'sms' }],
        jitter_minutes: 15,
        hash_bytes: 32,
        stored: expect.not.stringContaining(key.reveal().slice(-20)),
      },
    ]);
    const audit = await fixture.database.admin.query(
      'select action, subject from audit where organisation_id = $1 order by id',
      [id],
    );
    expect(audit.rows).toEqual([
      { action: 'organisation.create', subject: id },
      { action: 'credential.create', subject: credentialId },
    ]);
  });

  it('refuses a key for an organisation, and a revocation of a key, that do not exist', async () => {
    await expect(
      createApiKey(admin(), { organisationId: randomUUID(), mode: 'test' }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(revoke(randomUUID())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('sees nothing of appointments, though it acts as the owner of the tables', async () => {
    await fixture.database.admin.query(
      `insert into appointments (id, organisation_id, mode, reference, state, version, starts_at,
         ends_at, erase_at) values ($1, $2, 'test', 'x', 'booked', 1, now(), now(), now())`,
      [randomUUID(), organisationId],
    );
    const { administer } = await import('../../src/store/administration.ts');
    const count = await administer(fixture.database.adminUrl, async (connection) => {
      const { rows } = await connection.query(
        'select count(*)::integer as count from appointments',
      );
      return rows[0].count;
    });
    expect(count).toBe(0);
  });
});
