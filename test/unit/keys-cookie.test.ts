import { CompactEncrypt, EncryptJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createCookieBox } from '../../src/keys/cookie-box.ts';

const one = { id: '1', key: new Secret(Buffer.alloc(32, 1)) };
const two = { id: '2', key: new Secret(Buffer.alloc(32, 2)) };
const start = Date.parse('2026-12-01T00:00:00Z');
const expiresAt = new Date(start + 60_000);
const at = (ms: number) => () => ms;
const options = { keys: [one], newest: '1', purpose: 'session', now: at(start) };
const box = createCookieBox(options);
const payload = { secret: 'AAEC', link: { id: 1 } };

describe('a cookie box', () => {
  it('gives back what it sealed, and shows none of it', async () => {
    const value = await box.seal(payload, { expiresAt });
    expect(await box.open(value)).toEqual(payload);
    expect(value).toMatch(/^[A-Za-z0-9_.-]+$/);
    expect(Buffer.from(value, 'base64url').toString('latin1')).not.toContain('AAEC');
  });

  it('opens nothing that has expired', async () => {
    const value = await box.seal(payload, { expiresAt });
    const last = createCookieBox({ ...options, now: at(start + 59_000) });
    const after = createCookieBox({ ...options, now: at(start + 60_000) });
    expect(await last.open(value)).toEqual(payload);
    expect(await after.open(value)).toBeUndefined();
  });

  it('opens nothing that was sealed for another purpose', async () => {
    const other = createCookieBox({ ...options, purpose: 'pre-authentication' });
    expect(await box.open(await other.seal(payload, { expiresAt }))).toBeUndefined();
  });

  it('seals with the newest key and opens with every key it still has', async () => {
    const rotated = createCookieBox({ ...options, keys: [one, two], newest: '2' });
    const old = await box.seal(payload, { expiresAt });
    const young = await rotated.seal(payload, { expiresAt });
    expect(await rotated.open(old)).toEqual(payload);
    expect(await rotated.open(young)).toEqual(payload);
    expect(await box.open(young)).toBeUndefined();
    const later = createCookieBox({ ...options, keys: [two], newest: '2' });
    expect(await later.open(old)).toBeUndefined();
  });

  it('opens nothing that was changed', async () => {
    const value = await box.seal(payload, { expiresAt });
    const dots = new Set(
      [...value].flatMap((character, index) => (character === '.' ? index : [])),
    );
    for (let index = 0; index < value.length - 1; index += 1) {
      if (dots.has(index) || dots.has(index + 1)) continue;
      const character = value[index] === 'A' ? 'B' : 'A';
      const changed = value.slice(0, index) + character + value.slice(index + 1);
      expect(await box.open(changed), `character ${index}`).toBeUndefined();
    }
    for (const noise of ['', '.', '....', 'x'.repeat(5000)]) {
      expect(await box.open(noise)).toBeUndefined();
    }
  });

  it('accepts dir with A256GCM, uncompressed and with an expiry, and nothing else', async () => {
    const key = one.key.reveal();
    const header = { alg: 'dir', enc: 'A256GCM', typ: 'session', kid: '1' };
    const claims = () => new EncryptJWT({ payload }).setExpirationTime(expiresAt);
    const same = await claims().setProtectedHeader(header).encrypt(key);
    expect(await box.open(same)).toEqual(payload);

    const bytes = Buffer.from(JSON.stringify({ payload, exp: expiresAt.getTime() / 1000 }));
    const forged = [
      new EncryptJWT({ payload }).setProtectedHeader(header).encrypt(key),
      claims()
        .setProtectedHeader({ ...header, alg: 'A256GCMKW' })
        .encrypt(key),
      claims()
        .setProtectedHeader({ ...header, enc: 'A128CBC-HS256' })
        .encrypt(key),
      new CompactEncrypt(bytes).setProtectedHeader({ ...header, zip: 'DEF' }).encrypt(key),
      claims()
        .setProtectedHeader({ ...header, kid: '7' })
        .encrypt(key),
      claims().setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: '1' }).encrypt(key),
      new UnsecuredJWT({ payload }).setExpirationTime(expiresAt).encode(),
    ];
    for (const value of forged) expect(await box.open(await value)).toBeUndefined();
  });

  it('cannot be made without its newest key, nor with one that is not 32 bytes', () => {
    expect(() => createCookieBox({ ...options, newest: '2' })).toThrow('newest key is missing');
    const short = { id: '1', key: new Secret(Buffer.alloc(16)) };
    expect(() => createCookieBox({ ...options, keys: [short] })).toThrow('is not 32 bytes');
  });
});
