import { describe, expect, it } from 'vitest';
import { everything, tierOf } from '../../src/domain/tiers.ts';

const standard = { birthDateOpensAll: false, proofPolicy: 'standard' } as const;
const bySms = { channel: 'sms', ...standard } as const;
const byEmail = { channel: 'email', ...standard } as const;
const strict = { birthDateOpensAll: true, proofPolicy: 'strict' } as const;

describe('tiers', () => {
  it('open nothing on the link alone', () => {
    expect(tierOf(undefined, bySms)).toBe(0);
    expect(tierOf(undefined, { ...byEmail, birthDateOpensAll: true })).toBe(0);
  });

  it('open everything on a PIN, and on a code behind a link by email', () => {
    expect(tierOf('pin', bySms)).toBe(everything);
    expect(tierOf('pin', byEmail)).toBe(everything);
    expect(tierOf('code', byEmail)).toBe(everything);
  });

  it('open nothing on a code that came to the phone that got the link', () => {
    expect(tierOf('code', bySms)).toBe(0);
  });

  it('open date and time on a birth date, and more only where the organisation accepts it', () => {
    expect(tierOf('birth_date', bySms)).toBe(1);
    expect(tierOf('birth_date', { ...bySms, birthDateOpensAll: true })).toBe(everything);
  });

  it('open everything and the settings on a passkey and on a login at the portal', () => {
    for (const factor of ['passkey', 'portal'] as const) {
      expect(tierOf(factor, bySms)).toBe(3);
      expect(tierOf(factor, { ...byEmail, ...strict })).toBe(3);
    }
  });

  it('open nothing on a birth date or a code under the strict policy, whatever else was accepted', () => {
    for (const where of [bySms, byEmail]) {
      expect(tierOf('birth_date', { ...where, ...strict })).toBe(0);
      expect(tierOf('code', { ...where, ...strict })).toBe(0);
      expect(tierOf('pin', { ...where, ...strict })).toBe(everything);
    }
  });
});
