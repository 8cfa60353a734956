import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { readPublicKey } from '../../src/keys/registered-key.ts';

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const ed = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

describe('a public key', () => {
  it.each([
    ['EdDSA', ed.publicKey],
    ['ES256', p256.publicKey],
  ])('is bound to %s by its kind, in PEM and as a JWK alike', async (algorithm, key) => {
    const jwk = { ...key.export({ format: 'jwk' }), alg: 'HS256', use: 'enc', kid: 'x' };
    const read = await readPublicKey(pem(key));
    expect(read).toMatchObject({ algorithm });
    expect(await readPublicKey(JSON.stringify(jwk))).toEqual(read);
    if (typeof read === 'string') throw new Error(read);
    expect(read.thumbprint).toBe(await calculateJwkThumbprint(key.export({ format: 'jwk' })));
    expect(read.publicKey).not.toHaveProperty('alg');
  });

  it.each([
    ['private', ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['private', p256.privateKey.export({ type: 'sec1', format: 'pem' }).toString()],
    ['private', JSON.stringify(ed.privateKey.export({ format: 'jwk' }))],
    ['private', JSON.stringify({ kty: 'oct', k: 'AAAA' })],
    ['unreadable', 'ssh-ed25519 AAAA'],
    ['unreadable', ''],
    ['unreadable', '{"kty":"OKP"}'],
    ['unreadable', 'null'],
    ['unsupported', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    ['unsupported', pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
    ['unsupported', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
    ['unsupported', pem(generateKeyPairSync('x25519').publicKey)],
    ['unsupported', pem(generateKeyPairSync('ed448').publicKey)],
  ])('that is %s is not taken', async (why, text) => {
    expect(await readPublicKey(text)).toBe(why);
  });
});
