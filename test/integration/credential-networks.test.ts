import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newApiKey } from '../../src/keys/api-key.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { registerPublicKey } from '../../src/usecases/register-public-key.ts';
import { restrictCredential } from '../../src/usecases/restrict-credential.ts';
import { rotateCredential } from '../../src/usecases/rotate-credential.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { createSigner, signRequest } from '../support/signed-request.ts';

/** Nobody's word is taken for where a request comes from. */
let plain: ApiFixture;
/** Behind a proxy at 10.0.0.1. */
let proxied: ApiFixture;
let organisationId: string;

beforeAll(async () => {
  const fakes = () => ({
    async listAppointments() {
      return { appointments: [], next: null };
    },
  });
  plain = await createApiFixture(fakes);
  proxied = await createApiFixture(fakes, plain.database, { trustedProxies: ['10.0.0.1'] });
  organisationId = await plain.database.createOrganisation();
});
afterAll(async () => {
  await proxied.close();
  await plain.close();
});

const admin = () => ({ adminUrl: plain.database.adminUrl });
const keyFrom = (...networks: string[]) => plain.key({ organisationId, networks });
const ask = async (
  at: ApiFixture,
  key: string,
  remoteAddress: string,
  headers: Record<string, string> = {},
) => at.request({ method: 'GET', url: '/v1/appointments', key, remoteAddress, headers });

describe('a credential that is bound to networks', () => {
  it.each([
    ['192.0.2.7', 200],
    ['::ffff:192.0.2.7', 200],
    ['192.0.2.8', 401],
    ['198.51.100.200', 200],
    ['198.51.100.100', 401],
    ['2001:db8::1', 200],
    ['2001:db9::1', 401],
    ['127.0.0.1', 401],
  ])('asked from %s: %i', async (address, status) => {
    const key = await keyFrom('192.0.2.7', '198.51.100.200/25', '2001:db8::/32');
    expect((await ask(plain, key, address)).statusCode).toBe(status);
  });

  it('is not noted as used where it was refused for where it came from', async () => {
    const signer = await createSigner();
    const networks = ['192.0.2.7'];
    const registered = await registerPublicKey(admin(), {
      ...{ organisationId, mode: 'test', networks, key: signer.key },
    });
    const signed = () => signRequest(signer, { id: registered.id });
    const key = await keyFrom('192.0.2.7');
    const used = async () => {
      const { rows } = await plain.database.admin.query(
        `select count(*)::int as used from credentials
         where networks = array['192.0.2.7/32'::cidr] and last_used_at is not null`,
      );
      return rows[0].used;
    };
    const before = await used();
    for (const text of [key, await signed()]) {
      expect((await ask(plain, text, '203.0.113.9')).statusCode).toBe(401);
    }
    expect(await used()).toBe(before);
    for (const text of [key, await signed()]) {
      expect((await ask(plain, text, '192.0.2.7')).statusCode).toBe(200);
    }
    expect(await used()).toBe(before + 2);
  });

  it('is from elsewhere exactly as unknown as one that nobody made', async () => {
    const signer = await createSigner();
    const networks = ['192.0.2.7'];
    const { id } = await registerPublicKey(admin(), {
      ...{ organisationId, mode: 'test', networks, key: signer.key },
    });
    const unknown = await ask(plain, newApiKey('test').key.reveal(), '203.0.113.9');
    const answers = [
      await ask(plain, await keyFrom('192.0.2.7'), '203.0.113.9'),
      await ask(plain, await signRequest(signer, { id }), '203.0.113.9'),
      // Nor does it tell a key's holder elsewhere what is wrong with what was signed.
      await ask(plain, await signRequest(signer, { id, claims: { aud: 'x' } }), '203.0.113.9'),
    ];
    const told = ({ statusCode, body, headers }: typeof unknown) => ({
      ...{ statusCode, body },
      headers: { ...headers, date: undefined },
    });
    for (const answer of answers) expect(told(answer)).toEqual(told(unknown));
    expect((await ask(plain, await signRequest(signer, { id }), '192.0.2.7')).statusCode).toBe(200);
  });

  it('believes a header of nobody but the trusted proxies, and of them the last word', async () => {
    const key = await keyFrom('192.0.2.7');
    const forged = { 'x-forwarded-for': '192.0.2.7' };
    for (const headers of [
      forged,
      { forwarded: 'for=192.0.2.7' },
      { 'x-real-ip': '192.0.2.7' },
      { 'x-client-ip': '192.0.2.7' },
      { 'x-forwarded-for': '192.0.2.7, 192.0.2.7', 'x-forwarded-host': '192.0.2.7' },
    ]) {
      expect((await ask(plain, key, '203.0.113.9', headers)).statusCode).toBe(401);
      expect((await ask(proxied, key, '203.0.113.9', headers)).statusCode).toBe(401);
    }
    expect((await ask(proxied, key, '10.0.0.1', forged)).statusCode).toBe(200);
    const appended = { 'x-forwarded-for': '192.0.2.7, 203.0.113.9' };
    expect((await ask(proxied, key, '10.0.0.1', appended)).statusCode).toBe(401);
    const through = { 'x-forwarded-for': '203.0.113.9, 192.0.2.7' };
    expect((await ask(proxied, key, '10.0.0.1', through)).statusCode).toBe(200);
    const malformed = { 'x-forwarded-for': "192.0.2.7'--" };
    expect((await ask(proxied, key, '10.0.0.1', malformed)).statusCode).toBe(401);
  });

  it('is judged by the socket that is really there', async () => {
    await plain.api.listen({ host: '::', port: 0 }).catch(() => plain.api.listen({ port: 0 }));
    const { port } = plain.api.server.address() as AddressInfo;
    const get = (key: string, headers: Record<string, string> = {}) =>
      new Promise<number | undefined>((done, failed) => {
        request(
          {
            ...{ host: '127.0.0.1', port, path: '/v1/appointments', agent: false },
            headers: { authorization: `Bearer ${key}`, ...headers },
          },
          (answer) => done(answer.resume().statusCode),
        )
          .once('error', failed)
          .end();
      });
    expect(await get(await keyFrom('127.0.0.0/8'))).toBe(200);
    const elsewhere = await keyFrom('192.0.2.7');
    expect(await get(elsewhere, { 'x-forwarded-for': '192.0.2.7' })).toBe(401);
  });

  it('may be bound, let loose and replaced, from the next request on', async () => {
    const { id, key } = await createApiKey(admin(), { organisationId, mode: 'test' });
    const journal = { append: async () => {} };
    const from = async (address: string, asked = key.reveal()) =>
      (await ask(plain, asked, address)).statusCode;
    const restrict = (networks: string[] | null) =>
      restrictCredential({ ...admin(), journal }, { credentialId: id, networks });
    expect(await from('203.0.113.9')).toBe(200);
    const isJournaled = true;
    expect(await restrict(['192.0.2.7', '198.51.100.77/24'])).toEqual({
      networks: ['192.0.2.7/32', '198.51.100.0/24'],
      isJournaled,
    });
    expect([await from('203.0.113.9'), await from('198.51.100.1')]).toEqual([401, 200]);
    const rotated = await rotateCredential(
      { ...admin(), journal, now: () => new Date() },
      { credentialId: id, overlapMs: 60_000 },
    );
    const heir = rotated.outcome === 'rotated' ? rotated.key.reveal() : '';
    expect([await from('203.0.113.9', heir), await from('192.0.2.7', heir)]).toEqual([401, 200]);
    expect(await restrict(null)).toEqual({ networks: null, isJournaled });
    expect(await from('203.0.113.9')).toBe(200);
  });
});
