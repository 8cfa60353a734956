import { createHmac, createPrivateKey, createPublicKey } from 'node:crypto';
import { inspect } from 'node:util';
import { flattenedVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { deriveFromLink } from '../../src/keys/link-derivation.ts';
import { linkLookup, linkSealPublicKey, newLinkSecret } from '../../src/keys/link-secret.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';

const secret = new Secret(Buffer.from(Array.from({ length: 18 }, (_, index) => index)));
const audience = 'rappel.example.org';
const keyA = { selector: 'a', key: new Secret(Buffer.alloc(32, 7)) };
const keyB = { selector: 'b', key: new Secret(Buffer.alloc(32, 8)) };
const tokens = createLinkTokens({ keys: [keyA, keyB], audience });
// Computed by another implementation of HKDF, X25519 and HMAC.
const golden = {
  lookup: 'aa1aaf603aa4ad1e27762babc32b1d72',
  sealPublicKey: '2111634542fb6bba562c545c688a4960b696199959b16d2cf7fa5e075186424b',
  token: 'aAAECAwQFBgcICQoLDA0ODxARFRI8--BdtZT5DbLu3kvr5itdCJqFNmE3iQwvOXjkQl0',
};

describe('a link secret', () => {
  it('leads to the same lookup id and sealing key for ever', () => {
    expect(linkLookup(secret).toString('hex')).toBe(golden.lookup);
    expect(linkSealPublicKey(secret).toString('hex')).toBe(golden.sealPublicKey);
  });

  it('derives a sealing key that Node agrees on', () => {
    const privateKey = createPrivateKey({
      key: deriveFromLink(secret, 'seal'),
      format: 'raw-private',
      asymmetricKeyType: 'x25519',
    });
    const publicKey = createPublicKey(privateKey).export({ format: 'raw-public' });
    expect(linkSealPublicKey(secret)).toEqual(publicKey);
  });

  it('is 144 fresh random bits and never prints', () => {
    const made = Array.from({ length: 100 }, () => newLinkSecret());
    expect(new Set(made.map((one) => one.reveal().toString('hex'))).size).toBe(100);
    expect(made[0]?.reveal()).toHaveLength(18);
    for (const text of [`${secret}`, JSON.stringify({ secret }), inspect({ secret })]) {
      expect(text).toContain('[sealed]');
      expect(text).not.toContain('010203');
    }
  });

  it('of another length is refused', () => {
    expect(() => linkLookup(new Secret(Buffer.alloc(16)))).toThrow('link secret is not 18 bytes');
  });
});

describe('a link token', () => {
  it('is the same 68 characters for ever', () => {
    expect(tokens.mint(secret, 'a').reveal()).toBe(golden.token);
    expect(golden.token).toHaveLength(68);
  });

  it('is made with the newest selector unless its row says otherwise', () => {
    expect(tokens.newestSelector).toBe('b');
    expect(tokens.mint(secret, 'b').reveal()).not.toBe(golden.token);
  });

  it('verifies as the JWS that it is, by jose and by a bare HMAC', async () => {
    for (const { selector, key } of [keyA, keyB]) {
      for (let count = 0; count < 20; count += 1) {
        const token = tokens.mint(newLinkSecret(), selector).reveal();
        const header = { alg: 'HS256', typ: 'reminder-link', kid: selector, aud: audience };
        const jws = {
          protected: Buffer.from(JSON.stringify(header)).toString('base64url'),
          payload: token.slice(1, 25),
          signature: token.slice(25),
        };
        const verified = await flattenedVerify(jws, key.reveal(), { algorithms: ['HS256'] });
        expect(verified.protectedHeader).toEqual(header);
        const mac = createHmac('sha256', key.reveal()).update(`${jws.protected}.${jws.payload}`);
        expect(jws.signature).toBe(mac.digest('base64url'));
      }
    }
  });

  it('gives back its secret', async () => {
    for (const selector of ['a', 'b']) {
      const made = newLinkSecret();
      const opened = await tokens.verify(tokens.mint(made, selector).reveal());
      expect(opened?.reveal()).toEqual(made.reveal());
    }
  });

  it('is refused when any character is another one', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (let position = 0; position < 68; position += 1) {
      const at = alphabet.indexOf(golden.token.charAt(position));
      for (const step of [1, 2, 4, 31]) {
        const character = alphabet.charAt((at + step) % alphabet.length);
        const changed =
          golden.token.slice(0, position) + character + golden.token.slice(position + 1);
        expect(await tokens.verify(changed), changed).toBeUndefined();
      }
    }
  });

  it('has one spelling: no slack bits, padding, white space or prefix', async () => {
    const last = golden.token.slice(0, -1);
    // '0', '1', '2' and '3' decode to the same 32 bytes.
    expect(await tokens.verify(`${last}0`)).toBeDefined();
    for (const spelling of [
      `${last}1`,
      `${last}2`,
      `${last}3`,
      `${golden.token}=`,
      `${golden.token}\n`,
      `${golden.token} `,
      ` ${golden.token}`,
      `${golden.token}/`,
      `${golden.token}${golden.token}`,
      golden.token.replaceAll('-', '+'),
      golden.token.slice(1),
      '',
    ]) {
      expect(await tokens.verify(spelling), JSON.stringify(spelling)).toBeUndefined();
    }
  });

  it('is refused by another deployment, another key, and after its selector is gone', async () => {
    const elsewhere = createLinkTokens({ keys: [keyA], audience: 'other.example.org' });
    const rekeyed = createLinkTokens({ keys: [{ ...keyB, selector: 'a' }], audience });
    const later = createLinkTokens({ keys: [keyB], audience });
    for (const verifier of [elsewhere, rekeyed, later]) {
      expect(await verifier.verify(golden.token)).toBeUndefined();
    }
    expect(() => later.mint(secret, 'a')).toThrow('link: no key for this selector');
  });

  it('cannot be made with keys that are short, missing, or two to a selector', () => {
    const short = { selector: 'a', key: new Secret(Buffer.alloc(31, 1)) };
    expect(() => createLinkTokens({ keys: [short], audience })).toThrow(
      'link/a.key: shorter than 32 bytes',
    );
    expect(() => createLinkTokens({ keys: [], audience })).toThrow('link: no key');
    expect(() => createLinkTokens({ keys: [keyA, keyA], audience })).toThrow('same selector');
    const bracket = { selector: ']', key: keyA.key };
    expect(() => createLinkTokens({ keys: [bracket], audience })).toThrow('one letter or digit');
  });
});
