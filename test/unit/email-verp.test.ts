import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenOfVerpAddress, verpAddress, verpToken } from '../../src/transport/email-verp.ts';

const anyToken = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
const written = (token: Buffer) => token.toString('base64url');

describe('a return path of one attempt', () => {
  it('gives the token back, whatever servers did to its case', () => {
    fc.assert(
      fc.property(anyToken, fc.infiniteStream(fc.boolean()), (token, flips) => {
        const address = verpAddress('bounces@sotto.test', written(token)) as string;
        const flipped = [...address].map((letter) =>
          flips.next().value ? letter.toUpperCase() : letter.toLowerCase(),
        );
        expect(tokenOfVerpAddress(flipped.join(''))).toEqual(token);
        expect(tokenOfVerpAddress(`Somebody <${flipped.join('')}>, other@x.org`)).toEqual(token);
      }),
    );
  });

  it('is an address that every server takes', () => {
    const longest = `${'b'.repeat(37)}@sotto.test`;
    fc.assert(
      fc.property(
        anyToken,
        fc.constantFrom('b@x.org', 'bounces+eu@x.org', longest),
        (token, path) => {
          const address = verpAddress(path, written(token)) as string;
          expect(address).toMatch(/^[a-z+]{1,37}\+[a-z2-7]{26}@[a-z.]+$/);
          expect(tokenOfVerpAddress(address)).toEqual(token);
        },
      ),
    );
  });

  it('is not made of a local part too long, or of what is no token', () => {
    const token = written(Buffer.alloc(16, 9));
    expect(verpAddress(`${'b'.repeat(38)}@sotto.test`, token)).toBeUndefined();
    expect(verpAddress('sotto.test', token)).toBeUndefined();
    expect(verpAddress('b@sotto.test', 'short')).toBeUndefined();
    expect(verpAddress('b@sotto.test', `${token}AAAA`)).toBeUndefined();
  });

  it('is written as RFC 4648 has it', () => {
    expect(verpToken(Buffer.alloc(16).toString('base64url'))).toBe('a'.repeat(26));
    expect(verpToken(Buffer.alloc(16, 0xff).toString('base64url'))).toBe(`${'7'.repeat(25)}4`);
    expect(verpToken(Buffer.from('foobarfoobarfoob').toString('base64url'))).toBe(
      'mzxw6ytbojtg633cmfzgm33pmi',
    );
  });

  it('holds no token in any other shape', () => {
    const token = verpToken(Buffer.alloc(16, 9).toString('base64url')) as string;
    for (const address of [
      `b+${token}a@x.org`,
      `b+a${token}@x.org`,
      `b+${token.slice(1)}@x.org`,
      `b-${token}@x.org`,
      `b+${token}`,
      `b+${token.slice(0, 25)}1@x.org`,
      // The last letter would set bits that no token has.
      `b+${token.slice(0, 25)}b@x.org`,
    ]) {
      expect(tokenOfVerpAddress(address)).toBeUndefined();
    }
  });
});
