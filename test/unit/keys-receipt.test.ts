import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import {
  CompactSign,
  calculateJwkThumbprint,
  compactVerify,
  decodeProtectedHeader,
  importJWK,
} from 'jose';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createReceipts } from '../../src/keys/receipt.ts';
import { leafPointers, receiptDigest } from '../../src/keys/receipt-claims.ts';
import { receiptPrivateKey } from '../../src/keys/receipt-key.ts';
import { verifyReceipt } from '../../src/keys/receipt-verify.ts';

const key = { id: '1', key: new Secret(Buffer.alloc(32, 9)) };
const receipts = createReceipts({ key });
const body = {
  start: '2026-12-03T10:30:00+01:00',
  recipient: { phone: '+33612345678', pin: '482913', 'a/b~c': null },
  reminders: [{ before: 'P2D' }, {}],
  details: {},
};
const input = {
  receiptId: '0192f5a0-0000-7000-8000-000000000001',
  organisationId: '0192f5a0-0000-7000-8000-000000000002',
  mode: 'test',
  reference: 'visit-17',
  appointmentId: '0192f5a0-0000-7000-8000-000000000003',
  version: 4,
  body: new Secret(body),
  issuer: 'https://api.example.org',
  issuedAt: new Date('2026-11-30T12:00:00.900Z'),
} as const;

describe('a receipt', () => {
  it('names the version, every stored field, and nothing of their values', async () => {
    const { receipt, receiptSalt } = await receipts.sign(input);
    const [jwk] = receipts.jwks().keys;
    const { payload } = await compactVerify(receipt, await importJWK(jwk ?? {}, 'EdDSA'));
    const claims = JSON.parse(Buffer.from(payload).toString('utf8'));
    expect(claims).toEqual({
      jti: input.receiptId,
      iss: 'https://api.example.org',
      iat: Date.parse('2026-11-30T12:00:00Z') / 1000,
      organisation: input.organisationId,
      mode: 'test',
      reference: 'visit-17',
      appointment: input.appointmentId,
      version: 4,
      fields: [
        '/details',
        '/recipient/a~1b~0c',
        '/recipient/phone',
        '/recipient/pin',
        '/reminders/0/before',
        '/reminders/1',
        '/start',
      ],
      digest: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    });
    const text = Buffer.from(payload).toString('utf8');
    for (const absent of ['336', '482913', '10:30', 'P2D', receiptSalt]) {
      expect(text).not.toContain(absent);
    }
    expect(inspect(input)).not.toContain('482913');
  });

  it('says what it is and which key signed it', async () => {
    const { receipt } = await receipts.sign(input);
    const [jwk] = receipts.jwks().keys;
    expect(decodeProtectedHeader(receipt)).toEqual({
      alg: 'EdDSA',
      typ: 'sotto-receipt+jwt',
      kid: await calculateJwkThumbprint(jwk ?? {}),
    });
    expect(Object.keys(jwk ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });

  it('has a digest that a booking system can compute from RFC 8785 and the salt', async () => {
    const salt = Buffer.alloc(32, 5).toString('base64url');
    const canonical = '{"a":[1,"é"],"b":{"c":true,"d":10}}';
    const expected = createHmac('sha256', Buffer.alloc(32, 5)).update(canonical);
    expect(receiptDigest(salt, { b: { d: 1e1, c: true }, a: [1, 'é'] })).toBe(
      expected.digest('base64url'),
    );
    const [one, two] = [await receipts.sign(input), await receipts.sign(input)];
    expect(one.receiptSalt).not.toBe(two.receiptSalt);
    expect(Buffer.from(one.receiptSalt, 'base64url')).toHaveLength(32);
  });

  it('verifies for the body that was sent, however its members are ordered', async () => {
    const { receipt, receiptSalt } = await receipts.sign(input);
    const jwks = receipts.jwks();
    const { start, ...rest } = body;
    for (const sent of [body, { ...rest, start }]) {
      const claims = await verifyReceipt({ receipt, receiptSalt, body: sent, jwks });
      expect(claims?.version).toBe(4);
    }
  });

  it('does not verify for another body, salt, key or signature', async () => {
    const { receipt, receiptSalt } = await receipts.sign(input);
    const good = { receipt, receiptSalt, body, jwks: receipts.jwks() };
    const stranger = createReceipts({ key: { id: '2', key: new Secret(Buffer.alloc(32, 1)) } });
    const [header = '', payload = '', signature = ''] = receipt.split('.');
    const flipped = `${payload.slice(0, 20)}${payload[20] === 'A' ? 'B' : 'A'}${payload.slice(21)}`;
    for (const changes of [
      { body: { ...body, start: '2026-12-03T11:30:00+01:00' } },
      { body: { ...body, note: 'x' } },
      { receiptSalt: Buffer.alloc(32).toString('base64url') },
      { jwks: stranger.jwks() },
      { receipt: `${header}.${flipped}.${signature}` },
      { receipt: 'not a receipt' },
    ]) {
      expect(await verifyReceipt({ ...good, ...changes })).toBeUndefined();
    }
  });

  it('is nothing else that the same key may sign, and names no other fields', async () => {
    const { receipt, receiptSalt } = await receipts.sign(input);
    const jwks = receipts.jwks();
    const claims = await verifyReceipt({ receipt, receiptSalt, body, jwks });
    const signAs = (typ: string, changes: object) =>
      new CompactSign(Buffer.from(JSON.stringify({ ...claims, ...changes })))
        .setProtectedHeader({ alg: 'EdDSA', typ, kid: jwks.keys[0]?.kid ?? '' })
        .sign(receiptPrivateKey(key.key.reveal()));
    const check = async (forged: string) =>
      verifyReceipt({ receipt: forged, receiptSalt, body, jwks });
    expect(await check(await signAs('sotto-receipt+jwt', {}))).toEqual(claims);
    expect(await check(await signAs('webhook+jwt', {}))).toBeUndefined();
    expect(await check(await signAs('sotto-receipt+jwt', { fields: ['/start'] }))).toBeUndefined();
  });

  it('stays verifiable after the key is replaced', async () => {
    const { receipt, receiptSalt } = await receipts.sign(input);
    const rotated = createReceipts({
      key: { id: '2', key: new Secret(Buffer.alloc(32, 1)) },
      published: receipts.jwks().keys,
    });
    expect(rotated.jwks().keys).toHaveLength(2);
    const jwks = rotated.jwks();
    expect(await verifyReceipt({ receipt, receiptSalt, body, jwks })).toBeDefined();
  });
});

describe('pointers to fields', () => {
  it('count empty containers and a bare value as leaves', () => {
    expect(leafPointers({ a: [], b: {}, c: [[0]] })).toEqual(['/a', '/b', '/c/0/0']);
    expect(leafPointers(1)).toEqual(['']);
  });
});
