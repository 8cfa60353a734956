import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channels, requestedChannels } from '../../src/domain/channel.ts';
import {
  checkSettings,
  type SettingsContext,
  type WantedSettings,
} from '../../src/domain/check-settings.ts';
import { proofPolicies } from '../../src/domain/factor.ts';
import { languages } from '../../src/domain/language.ts';
import {
  birthDateTiers,
  type Organisation,
  uncertainPolicies,
} from '../../src/domain/organisation.ts';

const standing: Organisation = {
  id: '3f0c1f7e-8f58-4c7e-9a58-0a3a0f6f6b11',
  name: 'Example practice',
  defaultLanguage: 'fr',
  reminderPlan: [
    { before: 'P2D', channel: 'sms' },
    { before: 'PT3H', channel: 'sms' },
  ],
  quietHours: { start: '21:00', end: '08:00' },
  jitterMinutes: 15,
  uncertainPolicy: 'resend',
  birthDateOpens: 'time',
  proofPolicy: 'standard',
  portal: null,
  daysAheadMax: 400,
  requestsPerMinute: 6_000,
  appointmentsPerHour: 5_000,
  appointmentsPerDay: 20_000,
  remindersPerHour: 15_000,
  remindersPerDay: 60_000,
  numbersPerHour: null,
  countries: ['BE', 'FR'],
};
const context: SettingsContext = {
  organisation: standing,
  reason: undefined,
  isAdministrator: false,
  channelsAvailable: channels,
  planEntriesMax: 8,
  issuerFault: (issuer) => (issuer.startsWith('https://') ? undefined : 'invalid_url'),
  isPortalForAll: false,
  isCountry: (code) => ['BE', 'CH', 'FR'].includes(code),
};
const check = (wanted: WantedSettings, change: Partial<SettingsContext> = {}) =>
  checkSettings(wanted, { ...context, ...change });
const faults = (wanted: WantedSettings, change: Partial<SettingsContext> = {}) => {
  const checked = check(wanted, change);
  return checked.ok ? [] : checked.errors.map(({ pointer, code }) => `${pointer} ${code}`);
};

const wallClock = fc
  .integer({ min: 0, max: 24 * 60 - 1 })
  .map((minute) => new Date(minute * 60_000).toISOString().slice(11, 16));
const ceilings = {
  appointmentsPerHour: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
  appointmentsPerDay: fc.option(fc.integer({ min: 1, max: 10_000_000 })),
  remindersPerHour: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
  remindersPerDay: fc.option(fc.integer({ min: 1, max: 10_000_000 })),
  numbersPerHour: fc.option(fc.integer({ min: 1, max: 50_000 })),
};
const organisations: fc.Arbitrary<Organisation> = fc.record({
  id: fc.constant(standing.id),
  name: fc.constantFrom('Example practice', 'Cabinet'),
  defaultLanguage: fc.constantFrom(...languages),
  reminderPlan: fc.uniqueArray(
    fc.record({
      before: fc.constantFrom('PT5M', 'PT3H', 'P2D', 'P6DT23H', 'P7D', 'P14D'),
      channel: fc.constantFrom(...requestedChannels),
    }),
    { maxLength: 8, selector: ({ before, channel }) => `${before} ${channel}` },
  ),
  quietHours: fc.option(
    fc.record({ start: wallClock, end: wallClock }).filter(({ start, end }) => start !== end),
  ),
  jitterMinutes: fc.integer({ min: 0, max: 240 }),
  uncertainPolicy: fc.constantFrom(...uncertainPolicies),
  birthDateOpens: fc.constantFrom(...birthDateTiers),
  proofPolicy: fc.constantFrom(...proofPolicies),
  portal: fc.option(
    fc.record({
      issuer: fc.constantFrom('https://login.example.org', 'https://id.example.net/realm'),
      clientId: fc.constantFrom('sotto', 'c-81'),
      acrValues: fc.subarray(['mfa', 'urn:eidas:substantial']),
      maxAgeMinutes: fc.integer({ min: 0, max: 1_440 }),
    }),
  ),
  daysAheadMax: fc.integer({ min: 15, max: 400 }),
  requestsPerMinute: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
  ...ceilings,
  countries: fc.option(fc.subarray(['BE', 'CH', 'FR'], { minLength: 1 })),
});

describe('settings', () => {
  it('that are written back as they were read change nothing, whatever the deployment sends on', () => {
    fc.assert(
      fc.property(organisations, fc.subarray([...channels]), (organisation, channelsAvailable) => {
        expect(check(organisation, { organisation, channelsAvailable })).toEqual({
          ok: true,
          changes: {},
        });
      }),
    );
  });

  it('come to what was wanted, and what was not named stays', () => {
    fc.assert(
      fc.property(
        organisations,
        organisations,
        fc.subarray(Object.keys(standing) as (keyof Organisation)[]),
        (organisation, other, named) => {
          const wanted = Object.fromEntries(named.map((name) => [name, other[name]]));
          const checked = check(wanted, { organisation, isAdministrator: true, reason: 'why' });
          expect(checked).toMatchObject({ ok: true });
          if (!checked.ok) return;
          expect({ ...organisation, ...checked.changes }).toEqual({ ...organisation, ...wanted });
          const differ = named.filter(
            (name) => JSON.stringify(organisation[name]) !== JSON.stringify(other[name]),
          );
          expect(Object.keys(checked.changes).toSorted()).toEqual(differ.toSorted());
        },
      ),
    );
  });

  it('know a portal by what was left out of it, and take none beside one that serves all', () => {
    const portal = { issuer: 'https://login.example.org', clientId: 'sotto' };
    const whole = { ...portal, acrValues: [], maxAgeMinutes: 10 };
    expect(check({ portal })).toEqual({ ok: true, changes: { portal: whole } });
    expect(check({ portal }, { organisation: { ...standing, portal: whole } })).toEqual({
      ok: true,
      changes: {},
    });
    expect(faults({ portal }, { isPortalForAll: true })).toEqual(['/portal read_only']);
    expect(check({ portal: null }, { isPortalForAll: true })).toEqual({ ok: true, changes: {} });
  });

  it.each<[WantedSettings, string[]]>([
    [{ proofPolicy: 'lax' }, ['/proofPolicy invalid_value']],
    [
      { portal: { issuer: 'http://x.example', clientId: '', maxAgeMinutes: 1_441 } },
      [
        '/portal/issuer invalid_url',
        '/portal/clientId invalid_value',
        '/portal/maxAgeMinutes invalid_value',
      ],
    ],
    [
      { portal: { issuer: 'https://x.example', clientId: 'c', acrValues: ['mfa', 'a b'] } },
      ['/portal/acrValues/1 invalid_value'],
    ],
    [{ defaultLanguage: 'tlh' }, ['/defaultLanguage invalid_value']],
    [{ defaultLanguage: 'fr-CH' }, ['/defaultLanguage invalid_value']],
    [{ jitterMinutes: 241 }, ['/jitterMinutes invalid_value']],
    [{ jitterMinutes: 1.5 }, ['/jitterMinutes invalid_value']],
    [{ daysAheadMax: 0 }, ['/daysAheadMax invalid_value']],
    [{ daysAheadMax: 401 }, ['/daysAheadMax invalid_value']],
    [
      { quietHours: { start: '24:00', end: '8:00' } },
      ['/quietHours/start invalid_value', '/quietHours/end invalid_value'],
    ],
    [{ quietHours: { start: '08:00', end: '08:00' } }, ['/quietHours invalid_value']],
    [
      { uncertainPolicy: 'maybe', birthDateOpens: 'all' },
      ['/uncertainPolicy invalid_value', '/birthDateOpens invalid_value'],
    ],
    [
      {
        reminderPlan: [
          { before: 'P1M', channel: 'pigeon' },
          { before: 'P1W', channel: 'sms' },
          { before: 'P7D', channel: 'sms' },
        ],
      },
      [
        '/reminderPlan/0/before invalid_before',
        '/reminderPlan/0/channel invalid_value',
        '/reminderPlan/2 duplicate_reminder',
      ],
    ],
    [
      { reminderPlan: Array(9).fill({ before: 'P1D', channel: 'sms' }) },
      ['/reminderPlan too_many'],
    ],
    [
      { id: 'another', name: 'Another', requestsPerMinute: null },
      ['/id read_only', '/name read_only', '/requestsPerMinute read_only'],
    ],
    [{ birthDateOpens: 'everything' }, ['/reason required']],
    [
      { remindersPerHour: 0, numbersPerHour: 50_001 },
      ['/remindersPerHour invalid_value', '/numbersPerHour invalid_value'],
    ],
    [{ countries: ['FR', 'UK'] }, ['/countries/1 invalid_value']],
    [{ countries: [] }, ['/countries too_short']],
  ])('%j are refused, each where it is wrong', (wanted, expected) => {
    expect(faults(wanted)).toEqual(expected);
  });

  it('are changed for a reason that can be read, if for any', () => {
    expect(faults({}, { reason: ' ' })).toEqual(['/reason too_short']);
    expect(faults({}, { reason: 'x'.repeat(501) })).toEqual(['/reason too_long']);
    expect(faults({}, { reason: 'board\n3 May' })).toEqual(['/reason control_character']);
    expect(faults({ birthDateOpens: 'everything' }, { reason: 'the board, 3 May' })).toEqual([]);
    const organisation = { ...standing, birthDateOpens: 'everything' } as const;
    expect(faults({ birthDateOpens: 'everything' }, { organisation })).toEqual([]);
    expect(faults({ birthDateOpens: 'time' }, { organisation })).toEqual([]);
  });

  it('of name and ceiling are for whoever runs the service', () => {
    const changes = { name: 'Another', requestsPerMinute: null };
    expect(check(changes, { isAdministrator: true })).toEqual({ ok: true, changes });
    expect(faults({ requestsPerMinute: 0, name: '\n' }, { isAdministrator: true })).toEqual([
      '/name too_short',
      '/requestsPerMinute invalid_value',
    ]);
  });
});

describe('what keeps a stolen key from being worth much', () => {
  it('is only ever tightened by a key, and set as wanted by whoever runs the service', () => {
    const looser: WantedSettings[] = [
      { appointmentsPerHour: 5_001 },
      { appointmentsPerHour: null },
      { appointmentsPerDay: 20_001 },
      { appointmentsPerDay: null },
      { remindersPerHour: 15_001 },
      { remindersPerHour: null },
      { remindersPerDay: 60_001 },
      { remindersPerDay: null },
      { countries: null },
      { countries: ['CH'] },
      { countries: ['BE', 'CH', 'FR'] },
    ];
    for (const wanted of looser) {
      expect(faults(wanted)).toEqual([`/${Object.keys(wanted)[0]} read_only`]);
      expect(check(wanted, { isAdministrator: true })).toMatchObject({ ok: true });
    }
    const tighter = { appointmentsPerHour: 4_999, numbersPerHour: 50_000, countries: ['FR'] };
    expect(check(tighter)).toEqual({ ok: true, changes: tighter });
    const organisation = { ...standing, countries: null };
    expect(check({ countries: ['FR', 'BE', 'FR'] }, { organisation })).toEqual({
      ok: true,
      changes: { countries: ['BE', 'FR'] },
    });
  });
});

describe('a plan that could never come true', () => {
  const plan = (...texts: string[]) => ({
    reminderPlan: texts.map((text) => {
      const [before = '', channel = ''] = text.split(' ');
      return { before, channel };
    }),
  });

  it('for want of a channel is refused', () => {
    expect(
      faults(plan('P1D sms', 'P1D auto', 'P1D email'), { channelsAvailable: ['email'] }),
    ).toEqual([
      '/reminderPlan/0/channel channel_unavailable',
      '/reminderPlan/1/channel channel_unavailable',
    ]);
  });

  it('for want of days is refused, on whichever side the change is', () => {
    expect(faults(plan('P400D sms'))).toEqual(['/reminderPlan/0/before too_far_ahead']);
    expect(faults({ ...plan('P1D sms', 'P30D sms'), daysAheadMax: 30 })).toEqual([
      '/reminderPlan/1/before too_far_ahead',
    ]);
    expect(faults({ daysAheadMax: 2 })).toEqual(['/daysAheadMax too_far_ahead']);
    expect(faults({ daysAheadMax: 3 })).toEqual([]);
    expect(faults({ ...plan('PT23H sms'), daysAheadMax: 1 })).toEqual([]);
  });
});
