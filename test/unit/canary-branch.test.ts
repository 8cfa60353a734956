import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDetails } from '../../src/canary/compare-details.ts';
import {
  type CanaryCase,
  canaryCancellation,
  canaryDetails,
  canaryDuration,
  canaryRecipient,
  canaryRequest,
  canaryStale,
  canaryTimes,
} from '../../src/domain/canary-appointment.ts';
import {
  type CanaryBranch,
  canaryBranches,
  canaryBranchesOn,
  canaryLanguage,
  canarySteps,
} from '../../src/domain/canary-branch.ts';
import { requestedChannels } from '../../src/domain/channel.ts';
import { languages } from '../../src/domain/language.ts';
import { fieldsIn, optionalFields } from '../../src/domain/optional-fields.ts';
import { noCeilings } from '../../src/domain/quota.ts';
import { appointmentRequest } from '../../src/http/api/appointment-schema.ts';
import { detailsPage } from '../../src/http/patient/views/details-page.ts';
import { timePage } from '../../src/http/patient/views/time-page.ts';
import { checkRequest } from '../../src/usecases/check-request.ts';

/** As the migration makes it. */
const organisation = {
  id: '00000000-0000-4000-8000-000000ca9a41',
  defaultLanguage: 'fr',
  reminderPlan: [
    { before: 'P2D', channel: 'email' },
    { before: 'PT3H', channel: 'email' },
  ],
  quietHours: { start: '21:00', end: '08:00' },
  jitterMinutes: 0,
  daysAheadMax: 400,
  proofPolicy: 'standard',
  portal: null,
  countries: null,
  ...noCeilings,
} as const;

const instants = fc
  .integer({ min: Date.UTC(2026, 0, 1) / 1_000, max: Date.UTC(2030, 0, 1) / 1_000 })
  .map((seconds) => Temporal.Instant.fromEpochMilliseconds(seconds * 1_000 + 417));
const runs = fc.record({
  id: fc.uuid({ version: 4 }),
  index: fc.nat({ max: canaryBranches.length - 1 }),
  isAsked: fc.boolean(),
  baseAt: instants,
});

function caseOf({
  index,
  baseAt,
  ...rest
}: {
  id: string;
  index: number;
  isAsked: boolean;
  baseAt: Temporal.Instant;
}): CanaryCase {
  const branch = canaryBranches[index];
  if (!branch) throw new Error('no such branch');
  return { ...rest, index, branch, baseAt, startedAt: baseAt };
}

/** The moment at which the API may see it. */
const soon = (run: CanaryCase) => run.baseAt.add({ milliseconds: 900 });

describe('the branches of the canary', () => {
  const valuesOf = (name: keyof CanaryBranch) =>
    new Set(canaryBranches.map((branch) => String(branch[name])));

  it('have names of their own', () => {
    expect(valuesOf('name').size).toBe(canaryBranches.length);
  });

  it('hold every language, channel and way to do a thing at least once', () => {
    expect(new Set(canaryBranches.map(canaryLanguage))).toEqual(new Set(languages));
    expect(valuesOf('channel')).toEqual(new Set(requestedChannels));
    for (const [name, count] of Object.entries({
      ...{ by: 6, factor: 4, contacts: 3, start: 3, fields: 4, ending: 12, revised: 2 },
    })) {
      expect(valuesOf(name as keyof CanaryBranch).size, name).toBe(count);
    }
  });

  it('carry every optional field between them', () => {
    const carried = canaryBranches.flatMap((_, index) => {
      const run = caseOf({
        id: crypto.randomUUID(),
        index,
        isAsked: false,
        baseAt: Temporal.Now.instant(),
      });
      return [...fieldsIn(canaryRequest(run, 1)), ...fieldsIn(canaryRequest(run, 2))];
    });
    expect(new Set(carried)).toEqual(new Set(optionalFields));
  });

  it('stay on the channels that there are', () => {
    const alone = canaryBranchesOn(['email']);
    expect(alone.length).toBeGreaterThan(3);
    for (const { channel, factor } of alone) {
      expect(channel).not.toBe('sms');
      expect(factor).not.toMatch(/code/);
    }
    expect(canaryBranchesOn(['sms', 'email'])).toEqual(canaryBranches);
  });

  it('move one, cancel one, and end with nothing left to send', () => {
    for (const branch of canaryBranches) {
      const does = canarySteps(branch).map((step) => step.does);
      expect(does.at(0)).toBe('put');
      expect(does.some((one) => one === 'erase' || one === 'delete')).toBe(true);
    }
  });
});

describe('an appointment of the canary', () => {
  const requestsOf = (run: CanaryCase) => [
    canaryRequest(run, 1),
    canaryRequest(run, 2),
    canaryCancellation(run),
    canaryStale(run),
  ];
  const check = (run: CanaryCase, request: ReturnType<typeof canaryRequest>) =>
    checkRequest(request, {
      ...{ organisation, mode: 'test', channelsAvailable: ['sms', 'email'], random: () => 0.5 },
      isPortalForAll: false,
      now: soon(run),
    });

  it('is accepted at any hour of any day, wherever the clocks change', () => {
    fc.assert(
      fc.property(runs, (given) => {
        const run = caseOf(given);
        for (const request of requestsOf(run)) {
          if ((request.revision ?? 0) < 0) continue;
          expect(appointmentRequest.safeParse(request).success).toBe(true);
          expect(check(run, request)).toMatchObject({ ok: true });
        }
      }),
      { numRuns: 400 },
    );
  });

  it('is planned by the API as the canary expects it, out of quiet hours', () => {
    fc.assert(
      fc.property(runs, fc.constantFrom(1 as const, 2 as const), (given, version) => {
        const run = caseOf(given);
        const checked = check(run, canaryRequest(run, version));
        if (!checked.ok) throw new Error('refused');
        const { wanted } = checked.request;
        const { startsAt, plannedAt } = canaryTimes(run, version);
        expect(wanted.startsAt.equals(startsAt)).toBe(true);
        for (const at of plannedAt) {
          const planned = wanted.reminders.find(({ sendAt }) => sendAt.equals(at));
          expect(planned?.skipped, 'sent at the time that was expected').toBeUndefined();
          expect(planned).toBeDefined();
        }
        // A notice goes out now, and does not wait for a morning.
        expect(wanted.noticeAt(wanted.startsAt)?.equals(soon(run))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('shares a number with no other whose messages are still kept', () => {
    const minute = Temporal.Instant.from('2026-11-26T22:15:00Z');
    const phones = Array.from({ length: 5 * 60 }, (_, second) => second).flatMap((second) =>
      canaryBranches.flatMap((_, index) =>
        [false, true]
          .filter((isAsked) => isAsked || second % 60 === index)
          .map((isAsked) => {
            const baseAt = minute.add({ seconds: second });
            return caseOf({ id: crypto.randomUUID(), index, isAsked, baseAt });
          })
          .flatMap((run) => [canaryRecipient(run, 1).phone, canaryRecipient(run, 2).phone])
          .filter((phone, place, both) => phone !== undefined && both.indexOf(phone) === place),
      ),
    );
    expect(new Set(phones).size).toBe(phones.length);
  });
});

describe('what the canary reads', () => {
  type State = 'booked' | 'moved' | 'cancelled';
  const session = {
    ...{ form: 'x', leavePath: '/leave', moreTimePath: '/more-time', stopPath: '/stop' },
    ...{ endsInMinutes: 10, extendable: true },
  };
  function viewOf(run: CanaryCase, version: 1 | 2, state: State) {
    const { startsAt, timeZone } = canaryTimes(run, version);
    return {
      ...canaryDetails(run, version),
      ...{ state, startsAt, timeZone },
      ...(run.branch.fields === 'all' && { durationMinutes: canaryDuration(run, version) }),
    };
  }
  const states = fc.constantFrom<State>('booked', 'moved', 'cancelled');
  const versions = fc.constantFrom(1 as const, 2 as const);

  it('is what the page says, in every language and state', () => {
    fc.assert(
      fc.property(runs, states, versions, (given, state, version) => {
        const run = caseOf(given);
        const language = canaryLanguage(run.branch);
        const appointment = viewOf(run, version, state);
        const whole = detailsPage({ language, appointment, session });
        const expected = { run, version, state };
        expect(compareDetails(whole, { ...expected, opens: 'everything' })).toEqual([]);
        const time = timePage({ language, appointment, ways: [], session });
        expect(compareDetails(time, { ...expected, opens: 'time' })).toEqual([]);
        expect(compareDetails(whole, { ...expected, opens: 'time' })).toContain('shown_beside');
      }),
      { numRuns: 200 },
    );
  });

  it('is told apart by the name of the one field that is lost or changed', () => {
    const run = caseOf({
      id: crypto.randomUUID(),
      index: 0,
      isAsked: false,
      baseAt: Temporal.Now.instant(),
    });
    const right = viewOf(run, 1, 'booked');
    const changes: Record<string, Partial<ReturnType<typeof viewOf>>> = {
      'details.practitioner': { practitioner: 'Dr. Other' },
      'details.specialty': { specialty: undefined },
      'details.place.name': { place: { address: right.place?.address } },
      'details.place.address': { place: { name: right.place?.name } },
      'details.instructions': { instructions: right.instructions?.split('\n')[0] },
      'details.phone': { phone: '+33 1 99 00 00 00' },
      'details.reason': { reason: undefined },
      'details.for': { for: right.for?.replace('🐤', '') },
      durationMinutes: { durationMinutes: 36 },
      start: { startsAt: right.startsAt.add({ hours: 1 }) },
      state: { state: 'moved' },
    };
    for (const [name, change] of Object.entries(changes)) {
      const page = detailsPage({ language: 'fr', appointment: { ...right, ...change }, session });
      const expected = { run, version: 1, state: 'booked', opens: 'everything' } as const;
      expect(compareDetails(page, expected)).toEqual([name]);
    }
    const german = detailsPage({ language: 'de', appointment: right, session });
    expect(
      compareDetails(german, { run, version: 1, state: 'booked', opens: 'everything' }),
    ).toContain('recipient.language');
  });
});
