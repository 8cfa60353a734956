import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import {
  hashPassword,
  isPasswordLongEnough,
  newPassword,
  verifyPassword,
} from '../../src/keys/password.ts';

const secret = (text: string) => new Secret(text);

describe('a password', () => {
  it('is kept as an argon2id hash that names its cost, another one each time', async () => {
    const [one, other] = await Promise.all([
      hashPassword(secret('correct horse battery')),
      hashPassword(secret('correct horse battery')),
    ]);
    expect(one).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    );
    expect(one).not.toBe(other);
    expect(await verifyPassword(secret('correct horse battery'), one)).toBe(true);
    expect(await verifyPassword(secret('correct horse batterx'), one)).toBe(false);
  });

  it('verifies against what other programs wrote, at the cost that they chose', async () => {
    // From the test vectors of the reference implementation, phc-winner-argon2/src/test.c.
    const hash =
      '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
    expect(await verifyPassword(secret('password'), hash)).toBe(true);
    expect(await verifyPassword(secret('Password'), hash)).toBe(false);
  });

  it('is the same however a keyboard composes its letters', async () => {
    const hash = await hashPassword(secret('cafe\u0301 de la gare'));
    expect(await verifyPassword(secret('caf\u00e9 de la gare'), hash)).toBe(true);
  });

  it('of nobody is wrong, and takes as long as that of somebody', async () => {
    const hash = await hashPassword(secret('correct horse battery'));
    const fastest = async (against: string | undefined) => {
      const times: number[] = [];
      for (let round = 0; round < 4; round += 1) {
        const began = process.hrtime.bigint();
        expect(await verifyPassword(secret('something else'), against)).toBe(false);
        times.push(Number(process.hrtime.bigint() - began));
      }
      return Math.min(...times);
    };
    const ratio = (await fastest(undefined)) / (await fastest(hash));
    expect(ratio).toBeGreaterThan(0.3);
    expect(ratio).toBeLessThan(3);
  });

  it.each([
    '',
    'plain',
    '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=9999999,t=99,p=99$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    '$argon2id$v=19$m=0,t=0,p=0$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
  ])('verifies against no hash that is none of ours: %j', async (hash) => {
    expect(await verifyPassword(secret('password'), hash)).toBe(false);
  });

  it('is long enough from 12 characters on, whatever they are', () => {
    expect(isPasswordLongEnough(secret('elevenchars'))).toBe(false);
    expect(isPasswordLongEnough(secret('twelve chars'))).toBe(true);
    expect(isPasswordLongEnough(secret('🐎'.repeat(11)))).toBe(false);
    expect(isPasswordLongEnough(secret('🐎'.repeat(12)))).toBe(true);
    expect(isPasswordLongEnough(secret('x'.repeat(257)))).toBe(false);
  });

  it('that is made holds 128 bits, and no letter that is taken for another', () => {
    const made = Array.from({ length: 200 }, () => newPassword().reveal());
    expect(new Set(made).size).toBe(200);
    for (const password of made) expect(password).toMatch(/^[a-km-z2-9]{26}$/);
    expect(new Set(made.join('')).size).toBe(32);
  });
});
