import { describe, expect, it } from 'vitest';
import { everything, tierOf } from '../../src/domain/tiers.ts';

const bySms = { channel: 'sms', birthDateOpensAll: false } as const;
const byEmail = { channel: 'email', birthDateOpensAll: false } as const;

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
});
