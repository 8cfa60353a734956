import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keptDaysMax } from '../../config/kept-days.ts';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { deleteShortLived, shortLived } from '../../src/store/short-lived.ts';
import {
  addPublicKey,
  registerPublicKey,
  removePublicKey,
} from '../../src/usecases/register-public-key.ts';
import { revokeCredential } from '../../src/usecases/revoke-credential.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { freePort } from '../support/free-port.ts';
import { createSigner, type Signer, signRequest } from '../support/signed-request.ts';

let fixture: ApiFixture;
/** Another process on the same database. */
let second: ApiFixture;
let organisationId: string;
let signer: Signer;
let id: string;
const puts: { reference: string }[] = [];

const fakes = () => ({
  async listAppointments() {
    return { appointments: [], next: null };
  },
  async putAppointment({ reference }: { reference: string }) {
    puts.push({ reference });
    return {
      ...{ created: true, id: randomUUID(), reference, version: 1, revision: null },
      ...{
        state: 'booked' as const,
        language: 'fr',
        reminders: [],
        receipt: 'x',
        receiptSalt: 'x',
      },
    };
  },
});

beforeAll(async () => {
  fixture = await createApiFixture(fakes);
  second = await createApiFixture(fakes, fixture.database);
  organisationId = await fixture.database.createOrganisation();
  signer = await createSigner();
  ({ id } = await register(signer));
});
afterAll(async () => {
  await second.close();
  await fixture.close();
});

const admin = () => ({ adminUrl: fixture.database.adminUrl });
const journaled: JournalEntry[] = [];
const journal = { append: async (entry: JournalEntry) => void journaled.push(entry) };

function register({ key }: Signer, more: Partial<Parameters<typeof registerPublicKey>[1]> = {}) {
  return registerPublicKey(admin(), { organisationId, mode: 'live', key, ...more });
}
type Sent = Omit<Parameters<typeof signRequest>[1], 'id'> & { id?: string };
const sign = (input: Sent = {}, by = signer) => signRequest(by, { id, ...input });
const list = (token: string, headers: Record<string, string> = {}, at = fixture) =>
  at.request({ method: 'GET', url: '/v1/appointments', key: token, headers });
const status = async (token: string) => (await list(token)).statusCode;

describe('a signed request', () => {
  it.each(['EdDSA', 'ES256'] as const)('is let in by a registered key of %s', async (algorithm) => {
    const by = await createSigner(algorithm);
    const made = await register(by);
    expect(await status(await sign({ id: made.id }, by))).toBe(200);
    const { rows } = await fixture.database.admin.query(
      'select last_used_at, key_hash from credentials where id = $1',
      [made.id],
    );
    expect(rows).toEqual([{ last_used_at: expect.any(Date), key_hash: null }]);
  });

  it('carries its body, and no other', async () => {
    const url = '/v1/appointments/visit-1';
    const body = JSON.stringify({
      start: '2027-12-03T10:30:00+01:00',
      timeZone: 'Europe/Paris',
      details: { practitioner: 'A' },
      recipient: { phone: '+33639980001', pin: '482913' },
    });
    const put = async (sent: string | undefined, input: Sent) =>
      fixture.request({
        ...{ method: 'PUT', url, ...(sent === undefined ? {} : { payload: sent }) },
        headers: { 'content-type': 'application/json' },
        key: await sign({ ...input, claims: { method: 'PUT', path: url } }),
      });
    puts.length = 0;
    const refused = [
      await put(body.replace('+33639980001', '+33639980002'), { body }),
      await put(`${body} `, { body }),
      await put(body, {}),
      await put(undefined, { body }),
    ];
    for (const answer of refused) {
      expect(answer.statusCode).toBe(401);
      expect(answer.json()).toMatchObject({
        code: 'token_refused',
        errors: [{ pointer: '/body', code: 'invalid_value' }],
      });
    }
    expect(puts).toEqual([]);
    expect((await put(body, { body })).statusCode).toBe(201);
    expect(puts).toEqual([{ reference: 'visit-1' }]);
  });

  it('has the scopes of its credential, and its ceiling', async () => {
    const by = await createSigner();
    const made = await register(by, { scopes: ['write'] });
    const answer = await list(await sign({ id: made.id }, by));
    expect(answer.statusCode).toBe(403);
  });

  it('of a platform names the organisation inside, too', async () => {
    const other = await fixture.database.createOrganisation();
    const by = await createSigner();
    const made = await register(by, { actsFor: [other] });
    const named = { 'sotto-organisation': other };
    const claims = { organisation: other };
    expect((await list(await sign({ id: made.id, claims }, by), named)).statusCode).toBe(200);
    for (const [token, headers] of [
      [await sign({ id: made.id }, by), named],
      [await sign({ id: made.id, claims }, by), {}],
    ] as const) {
      expect((await list(token, headers)).json()).toMatchObject({
        code: 'token_refused',
        errors: [{ pointer: '/organisation' }],
      });
    }
  });

  it.each([
    [{ aud: 'https://elsewhere.test' }, '/aud'],
    [{ path: '/v1/events' }, '/path'],
    [{ method: 'DELETE' }, '/method'],
    [
      { iat: Math.floor(Date.now() / 1_000) - 400, exp: Math.floor(Date.now() / 1_000) - 340 },
      '/exp',
    ],
    [{ exp: Math.floor(Date.now() / 1_000) + 3_600 }, '/exp'],
    [
      { iat: Math.floor(Date.now() / 1_000) + 120, exp: Math.floor(Date.now() / 1_000) + 180 },
      '/iat',
    ],
    [{ jti: undefined }, '/jti'],
  ])('with %j is refused, and told why', async (claims, pointer) => {
    const answer = await list(await sign({ claims }));
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="sotto"');
    expect(answer.json()).toMatchObject({ code: 'token_refused', errors: [{ pointer }] });
  });

  it.each([
    ['DELETE', '/v1/appointments/visit-1', '/v1/appointments/visit-1?erase=true'],
    ['GET', '/v1/appointments?limit=5', '/v1/appointments'],
  ] as const)('of %s %s is none of %s', async (method, path, url) => {
    const key = await sign({ claims: { method, path } });
    const answer = await fixture.request({ method, url, key });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ errors: [{ pointer: '/path' }] });
  });

  it('that nobody registered, altered or weakened is refused like an unknown key', async () => {
    const stranger = await createSigner();
    const p256 = await createSigner('ES256');
    const asOurs = { ...stranger, key: { ...stranger.key, thumbprint: signer.key.thumbprint } };
    const good = await sign();
    const [head = '', payload = '', signature = ''] = good.split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const decoded = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const withHead = (header: object) => {
      const { key } = signer;
      const all = { alg: 'EdDSA', kid: key.thumbprint, typ: 'sotto-request+jwt', ...header };
      return `${encode(all)}.${payload}`;
    };
    const hs256 = withHead({ alg: 'HS256' });
    const mac = (secret: string) => createHmac('sha256', secret).update(hs256).digest('base64url');
    const unknown = await list('sotto_test_nothing');
    const tokens = [
      await sign({}, stranger),
      await sign({}, asOurs),
      await sign({}, p256),
      await sign({ id: randomUUID() }),
      await sign({ header: { typ: 'JWT' } }),
      await sign({ header: { typ: undefined } }),
      await sign({ header: { kid: undefined } }),
      await sign({ header: { kid: stranger.key.thumbprint } }),
      `${head}.${encode({ ...decoded, path: '/v1/events' })}.${signature}`,
      `${withHead({ alg: 'none' })}.`,
      `${withHead({ alg: 'none' })}.${signature}`,
      `${hs256}.${mac(JSON.stringify(signer.key.publicKey))}`,
      `${hs256}.${mac(String(signer.key.publicKey.x))}${'A'.repeat(43)}`,
      `${withHead({ crit: ['b64'], b64: false })}.${signature}`,
      `${withHead({ jwk: stranger.key.publicKey })}.${signature}`,
      `${head}.${payload}.${'A'.repeat(86)}`,
      `${head}..${signature}`,
      `${good}.x`,
      `.${'x'.repeat(5_000)}`,
    ];
    for (const token of tokens) {
      const answer = await list(token);
      expect(answer.statusCode, token.slice(0, 60)).toBe(401);
      expect(answer.body, token.slice(0, 60)).toBe(unknown.body);
    }
    expect(await status(good)).toBe(200);
  });
});

describe('a token', () => {
  it('is good once, in whichever process it comes again', async () => {
    const token = await sign();
    expect(await status(token)).toBe(200);
    for (const at of [fixture, second]) {
      const again = await list(token, {}, at);
      expect(again.statusCode).toBe(401);
      expect(again.json()).toMatchObject({ code: 'token_replayed' });
    }
  });

  it('is good once, however many come in the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const token = await sign();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => list(token, {}, index % 2 ? fixture : second)),
      );
      expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
      const others = answers.filter(({ statusCode }) => statusCode !== 200);
      expect(new Set(others.map((answer) => answer.json().code))).toEqual(
        new Set(['token_replayed']),
      );
    }
  });

  it('of one credential is nothing to another’s', async () => {
    const by = await createSigner();
    const made = await register(by);
    const claims = { jti: randomUUID() };
    expect(await status(await sign({ claims }))).toBe(200);
    expect(await status(await sign({ id: made.id, claims }, by))).toBe(200);
    expect(await status(await sign({ claims }))).toBe(401);
  });

  it('is not spent by a request that is refused for what was signed, nor by a stranger', async () => {
    const claims = { jti: randomUUID() };
    expect(await status(await sign({ claims: { ...claims, path: '/v1/events' } }))).toBe(401);
    expect(await status(await sign({ claims }, await createSigner()))).toBe(401);
    expect(await status(await sign({ claims }))).toBe(200);
  });

  it('is forgotten once it would be refused for its age, and not before', async () => {
    const token = await sign();
    await status(token);
    const left = async () => {
      const { rows } = await fixture.database.admin.query(
        'select count(*)::integer as count from credential_tokens where expires_at > now()',
      );
      return rows[0].count;
    };
    const before = await left();
    await fixture.database.admin.query(
      `insert into credential_tokens values ($1, $2, decode(repeat('ab', 32), 'hex'), now() - interval '2 hours')`,
      [organisationId, id],
    );
    const over = shortLived(keptDaysMax).find(({ table }) => table === 'credential_tokens');
    if (!over) throw new Error('never forgotten');
    const scheduler = fixture.database.open('scheduler');
    expect(
      await scheduler.transaction([], (connection) => deleteShortLived(connection, over)),
    ).toBe(1);
    expect(await left()).toBe(before);
    expect(await status(token)).toBe(401);
  });
});

describe('a registered key', () => {
  it('has one beside it at most, and is refused from the next request on once it is taken away', async () => {
    const [first, next, third] = await Promise.all([
      createSigner(),
      createSigner(),
      createSigner(),
    ]);
    const made = await register(first);
    const add = ({ key }: Signer) => addPublicKey(admin(), { credentialId: made.id, key });
    const remove = ({ key }: Signer) =>
      removePublicKey(
        { ...admin(), journal },
        { credentialId: made.id, thumbprint: key.thumbprint },
      );
    const works = async (by: Signer) => (await status(await sign({ id: made.id }, by))) === 200;
    expect(await add(next)).toBe('inserted');
    expect([await works(first), await works(next)]).toEqual([true, true]);
    expect([await add(first), await add(third)]).toEqual(['known', 'full']);
    expect(await remove(first)).toEqual({ isJournaled: true });
    expect([await works(first), await works(next)]).toEqual([false, true]);
    expect(journaled.at(-1)).toEqual({
      ...{ kind: 'credential_key_removal', credentialId: made.id },
      thumbprint: first.key.thumbprint,
    });
    await expect(remove(first)).rejects.toMatchObject({ code: 'not_found' });
    expect(await add(third)).toBe('inserted');
    await remove(next);
    await remove(third);
    expect(await works(third)).toBe(false);
    const { rows } = await fixture.database.admin.query(
      `select action from audit where subject like $1 || '%' order by id`,
      [made.id],
    );
    expect(rows.map(({ action }) => action)).toEqual([
      ...['credential.create', 'credential.key_add', 'credential.key_add', 'credential.key_remove'],
      ...['credential.key_add', 'credential.key_remove', 'credential.key_remove'],
    ]);
  });

  it('is no good with a credential that is revoked or over', async () => {
    const by = await createSigner();
    const made = await register(by);
    const expired = await register(by, { expiresAt: new Date(Date.now() - 1_000) });
    expect(await status(await sign({ id: made.id }, by))).toBe(200);
    await revokeCredential({ ...admin(), journal }, { credentialId: made.id });
    expect(await status(await sign({ id: made.id }, by))).toBe(401);
    expect(await status(await sign({ id: expired.id }, by))).toBe(401);
    expect(await addPublicKey(admin(), { credentialId: made.id, ...(await createSigner()) })).toBe(
      'ended',
    );
  });
});

describe('the example of the guide', () => {
  it('puts an appointment, as it stands there', async () => {
    const port = await freePort();
    const api = `http://127.0.0.1:${port}`;
    const folder = await mkdtemp(join(tmpdir(), 'sotto-example-'));
    const listening = await createApiFixture(fakes, fixture.database, { apiUrl: api });
    try {
      const guide = await readFile('docs/integrators.md', 'utf8');
      const example = /### Signed requests[\s\S]*?```js\n([\s\S]*?)```/.exec(guide)?.[1];
      const file = join(folder, 'example.mjs');
      await writeFile(file, example ?? '');
      await symlink(resolve('node_modules'), join(folder, 'node_modules'));
      const { sendSigned } = await import(/* @vite-ignore */ pathToFileURL(file).href);
      await listening.api.listen({ host: '127.0.0.1', port });
      const { privateKey, key } = await createSigner();
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const credential = {
        api,
        pem,
        kid: key.thumbprint,
        iss: (await register({ privateKey, key })).id,
      };
      const body = {
        start: '2027-12-03T10:30:00+01:00',
        timeZone: 'Europe/Paris',
        details: { practitioner: 'Zoé' },
        recipient: { phone: '+33639980001', pin: '482913' },
      };
      const put = await sendSigned(credential, 'PUT', '/v1/appointments/visit-1', body);
      expect(put.status).toBe(201);
      const listed = await sendSigned(credential, 'GET', '/v1/appointments?limit=5');
      expect(listed.status).toBe(200);
      const removed = await sendSigned(credential, 'DELETE', '/v1/appointments/visit-1?erase=true');
      expect(removed.status).toBe(404);
    } finally {
      await listening.close();
      await rm(folder, { recursive: true });
    }
  });
});
