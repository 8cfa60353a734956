import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { keptRate, senderRates } from '../../config/sender-rates.ts';
import { spacingMs, toleranceMs } from '../../src/usecases/sender-pace.ts';

describe('the rate of a sender that nobody set', () => {
  it.each([
    ['a name', 'Cabinet', 10],
    ['a short code', '36180', 100],
    ['a number that is free to call', '+18005550100', 3],
    ['another of those', '+18885550100', 3],
    ['a long code', '+15005550006', 1],
    ['a long code elsewhere', '+33700000000', 10],
  ])('is what its kind may send: %s', (_, TWILIO_FROM, perSecond) => {
    const rates = senderRates(loadConfig({ SMS_TRANSPORT: 'twilio', TWILIO_FROM }));
    expect(rates.sms).toBe(perSecond);
  });

  it('is that of the sandbox in the sandbox, and what is set where it is set', () => {
    expect(senderRates(loadConfig({ TWILIO_FROM: '+33700000000' })).sms).toBe(100);
    // A messaging service says nothing of its numbers.
    expect(senderRates(loadConfig({ SMS_TRANSPORT: 'twilio' })).sms).toBe(100);
    const set = { SMS_TRANSPORT: 'twilio', TWILIO_FROM: '+33700000000', SMS_PER_SECOND: '30' };
    expect(senderRates(loadConfig(set)).sms).toBe(30);
  });

  it('is kept to the message where a provider counts or somebody set it, up to a thousand', () => {
    const kept = (env: Record<string, string>) => keptRate(loadConfig(env), 'sms');
    expect(kept({})).toBeUndefined();
    expect(kept({ SMS_PER_SECOND: '10' })).toBe(10);
    expect(kept({ SMS_TRANSPORT: 'twilio', SMS_PER_SECOND: '100' })).toBe(100);
    expect(kept({ SMS_TRANSPORT: 'twilio', SMS_PER_SECOND: '1000' })).toBeUndefined();
  });
});

describe('messages of a sender', () => {
  it.each([0.1, 1, 1.9, 3, 6.9, 10, 30, 100, 1_000, 10_000])(
    'leave so far apart that %d a second and one are never passed, however unevenly they arrive',
    (perSecond) => {
      const everyMs = spacingMs(perSecond);
      // Those that left within a second and what they may arrive late by.
      const counted = Math.ceil((1_000 + toleranceMs(perSecond)) / everyMs - 1e-9);
      expect(counted).toBeLessThanOrEqual(Math.floor(perSecond) + 1);
      expect(everyMs).toBeLessThanOrEqual((1_000 / perSecond) * 1.15);
    },
  );
});
