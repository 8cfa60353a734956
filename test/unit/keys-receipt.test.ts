import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import fc from 'fast-check';
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

/** What a PUT answers beside the receipt. */
const answered = { id: input.appointmentId, reference: input.reference, version: input.version };

const ownKid = () => receipts.jwks().keys[0]?.kid ?? '';

/** What is found of a fresh receipt for the body, with something changed. */
async function check(changes: { body?: unknown; answer?: object; jwks?: unknown }) {
  const answer = { ...answered, ...(await receipts.sign(input)), ...changes.answer };
  return verifyReceipt({ body, jwks: receipts.jwks(), ...changes, answer });
}

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
    const { start, ...rest } = body;
    for (const sent of [body, { ...rest, start }]) {
      expect(await check({ body: sent })).toMatchObject({
        ...{ matches: true, signature: 'valid', valuesMatch: true },
        ...{ notNamed: [], notSent: [], answerDiffers: [] },
        content: { jti: input.receiptId, version: 4 },
      });
    }
  });

  it('is the same to a second reader, whatever JSON was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: 'grapheme' }), async (sent) => {
        const signed = await receipts.sign({ ...input, body: new Secret(sent) });
        return verifyReceipt({
          body: sent,
          answer: { ...answered, ...signed },
          jwks: receipts.jwks(),
        }).matches;
      }),
      { numRuns: 200 },
    );
  });

  it('names fields that were dropped or added, and no values', async () => {
    const { start: _, ...dropped } = body;
    const findings = await check({ body: { ...dropped, note: 'Canari' } });
    expect(findings).toMatchObject({
      ...{ matches: false, signature: 'valid', valuesMatch: false },
      ...{ notNamed: ['/note'], notSent: ['/start'] },
    });
    expect(JSON.stringify(findings)).not.toMatch(/Canari|10:30|482913/);
  });

  it('does not verify for a changed value, another salt, another appointment', async () => {
    const changed = { body: { ...body, start: '2026-12-03T11:30:00+01:00' } };
    const salt = { answer: { receiptSalt: Buffer.alloc(32).toString('base64url') } };
    for (const changes of [changed, salt, { answer: { receiptSalt: undefined } }]) {
      expect(await check(changes)).toMatchObject({
        ...{ matches: false, signature: 'valid', valuesMatch: false, notNamed: [], notSent: [] },
      });
    }
    expect(await check({ answer: { reference: 'visit-18', version: 5 } })).toMatchObject({
      ...{ matches: false, valuesMatch: true, answerDiffers: ['/reference', '/version'] },
    });
  });

  it('does not verify under another key, nor once it was tampered with', async () => {
    const stranger = createReceipts({ key: { id: '2', key: new Secret(Buffer.alloc(32, 1)) } });
    const jwks = { keys: stranger.jwks().keys.map((one) => ({ ...one, kid: ownKid() })) };
    const { receipt } = await receipts.sign(input);
    const [header = '', payload = '', signature = ''] = receipt.split('.');
    const flipped = `${payload.slice(0, 20)}${payload[20] === 'A' ? 'B' : 'A'}${payload.slice(21)}`;
    const none = Buffer.from('{"alg":"none","typ":"sotto-receipt+jwt"}').toString('base64url');
    for (const [changes, found] of [
      [{ jwks: stranger.jwks() }, 'unknown_key'],
      [{ jwks }, 'broken'],
      [{ jwks: { keys: [{ kid: ownKid(), crv: 'Ed25519', kty: 'OKP' }] } }, 'broken'],
      [{ jwks: undefined }, 'unknown_key'],
      [{ answer: { receipt: `${header}.${flipped}.${signature}` } }, 'broken'],
      [{ answer: { receipt: `${header}.${payload}.` } }, 'broken'],
      [{ answer: { receipt: `${none}.${payload}.` } }, 'no_receipt'],
      [{ answer: { receipt: 'not a receipt' } }, 'no_receipt'],
      [{ answer: { receipt: 7 } }, 'no_receipt'],
    ] as const) {
      expect(await check(changes)).toMatchObject({ matches: false, signature: found });
    }
  });

  it('is nothing else that the same key may sign, and names no other fields', async () => {
    const { content } = await check({});
    const signAs = (typ: string, changes: object) =>
      new CompactSign(Buffer.from(JSON.stringify({ ...content, ...changes })))
        .setProtectedHeader({ alg: 'EdDSA', typ, kid: ownKid() })
        .sign(receiptPrivateKey(key.key.reveal()));
    const forged = await signAs('webhook+jwt', {});
    expect(await check({ answer: { receipt: forged } })).toMatchObject({ signature: 'no_receipt' });
    const fewer = await signAs('sotto-receipt+jwt', { fields: ['/start'] });
    expect(await check({ answer: { receipt: fewer } })).toMatchObject({ matches: false });
  });

  it('is checked by one file that a booking system can copy', () => {
    const text = readFileSync('src/keys/receipt-verify.ts', 'utf8');
    const imported = Array.from(text.matchAll(/from '([^']+)'/g), ([, name]) => name);
    expect(imported).toEqual(['node:crypto']);
  });

  it('stays verifiable after the key is replaced', async () => {
    const { receipt, receiptSalt } = await receipts.sign(input);
    const rotated = createReceipts({
      key: { id: '2', key: new Secret(Buffer.alloc(32, 1)) },
      published: receipts.jwks().keys,
    });
    expect(rotated.jwks().keys).toHaveLength(2);
    const answer = { ...answered, receipt, receiptSalt };
    expect(verifyReceipt({ answer, body, jwks: rotated.jwks() }).matches).toBe(true);
  });
});

describe('pointers to fields', () => {
  it('count empty containers and a bare value as leaves', () => {
    expect(leafPointers({ a: [], b: {}, c: [[0]] })).toEqual(['/a', '/b', '/c/0/0']);
    expect(leafPointers(1)).toEqual(['']);
  });
});
