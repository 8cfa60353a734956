import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Before, parseBefore } from '../../src/domain/before.ts';
import { isQuiet, type QuietHours, quietSpan } from '../../src/domain/quiet-hours.ts';
import { nextAllowedMinute, type PlanInput, planReminders } from '../../src/domain/schedule.ts';

const night = { start: '21:00', end: '08:00' };
const zones = [
  'Europe/Paris',
  'Europe/London',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

function beforeOf(text: string): Before {
  const parsed = parseBefore(text);
  if (parsed === undefined) throw new Error(`not a before: ${text}`);
  return parsed;
}

function instantOf(local: string, timeZone = 'Europe/Paris'): Temporal.Instant {
  return Temporal.PlainDateTime.from(local).toZonedDateTime(timeZone).toInstant();
}

/** Plans one reminder in Paris without jitter and shows local times. */
function planOne(plan: { start: string; now: string; before: string; quietHours?: QuietHours }) {
  const startsAt = instantOf(plan.start);
  const [planned] = planReminders({
    startsAt,
    timeZone: 'Europe/Paris',
    now: instantOf(plan.now),
    notAfter: startsAt,
    quietHours: plan.quietHours === undefined ? night : plan.quietHours,
    jitterMinutes: 0,
    random: () => 0.5,
    entries: [{ before: beforeOf(plan.before), channel: 'sms' }],
  });
  if (planned === undefined) throw new Error('nothing was planned');
  const { resolvedAt, plannedAt, sendAt, skipped } = planned;
  expect(sendAt).toEqual(plannedAt);
  const show = (at: Temporal.Instant) =>
    at.toZonedDateTimeISO('Europe/Paris').toPlainDateTime().toString({ smallestUnit: 'minute' });
  return skipped ?? [show(resolvedAt), show(plannedAt)].join(' → ');
}

describe('a planned reminder', () => {
  it('is due `before` the start, on the wall clock across a clock change', () => {
    expect(planOne({ start: '2026-12-03T10:30', now: '2026-11-01T12:00', before: 'P2D' })).toBe(
      '2026-12-01T10:30 → 2026-12-01T10:30',
    );
    expect(planOne({ start: '2026-10-26T09:00', now: '2026-10-01T12:00', before: 'P2D' })).toBe(
      '2026-10-24T09:00 → 2026-10-24T09:00',
    );
  });

  it('moves from quiet hours to their end', () => {
    expect(planOne({ start: '2026-12-03T22:30', now: '2026-11-01T12:00', before: 'P1D' })).toBe(
      '2026-12-02T22:30 → 2026-12-03T08:00',
    );
    expect(planOne({ start: '2026-12-03T10:00', now: '2026-11-01T12:00', before: 'PT3H' })).toBe(
      '2026-12-03T07:00 → 2026-12-03T08:00',
    );
  });

  it('moves to a minute before quiet hours began when less than 2 h would be left', () => {
    expect(planOne({ start: '2026-12-03T09:59', now: '2026-11-01T12:00', before: 'PT3H' })).toBe(
      '2026-12-03T06:59 → 2026-12-02T20:59',
    );
    expect(planOne({ start: '2026-12-03T07:00', now: '2026-11-01T12:00', before: 'PT3H' })).toBe(
      '2026-12-03T04:00 → 2026-12-02T20:59',
    );
  });

  it('takes the end of quiet hours after all when the evening before has passed', () => {
    expect(planOne({ start: '2026-12-03T09:00', now: '2026-12-02T23:00', before: 'PT3H' })).toBe(
      '2026-12-03T06:00 → 2026-12-03T08:00',
    );
    expect(planOne({ start: '2026-12-03T09:00', now: '2026-12-02T20:59', before: 'PT3H' })).toBe(
      '2026-12-03T06:00 → 2026-12-03T08:00',
    );
  });

  it('is skipped for quiet hours when neither side of them is in time', () => {
    expect(planOne({ start: '2026-12-03T07:00', now: '2026-12-02T23:00', before: 'PT3H' })).toBe(
      'quiet_hours',
    );
    expect(planOne({ start: '2026-12-03T08:00', now: '2026-12-02T23:00', before: 'PT3H' })).toBe(
      'quiet_hours',
    );
  });

  it('never moves into the only minute of a day that is not quiet from within it', () => {
    const all = { start: '12:01', end: '12:00' };
    expect(
      planOne({
        start: '2026-12-03T13:00',
        now: '2026-12-01T00:00',
        before: 'PT3H',
        quietHours: all,
      }),
    ).toBe('2026-12-03T10:00 → 2026-12-02T12:00');
  });

  it('is skipped as booked late when its time has passed, and not sent at once', () => {
    expect(planOne({ start: '2026-12-03T10:30', now: '2026-12-02T10:30', before: 'P1D' })).toBe(
      'booked_late',
    );
    expect(planOne({ start: '2026-12-03T10:30', now: '2026-12-03T09:00', before: 'P1D' })).toBe(
      'booked_late',
    );
    // Also when the end of the quiet hours it fell into is still ahead.
    expect(planOne({ start: '2026-12-03T23:00', now: '2026-12-03T01:00', before: 'P1D' })).toBe(
      'booked_late',
    );
  });

  it('stands after one that was due earlier when both move to the same minute', () => {
    const startsAt = instantOf('2026-12-03T23:00');
    const planned = planReminders({
      startsAt,
      timeZone: 'Europe/Paris',
      now: instantOf('2026-11-01T12:00'),
      notAfter: startsAt,
      quietHours: night,
      jitterMinutes: 0,
      random: () => 0,
      entries: ['PT20H', 'PT18H', 'P1D'].map((text) => ({
        before: beforeOf(text),
        channel: 'sms',
      })),
    });
    expect(new Set(planned.map(({ sendAt }) => sendAt.toString())).size).toBe(1);
    expect(planned.map((reminder) => reminder.before)).toEqual(['P1D', 'PT20H', 'PT18H']);
  });

  it('is skipped when its time is not before `notAfter`', () => {
    const startsAt = instantOf('2026-12-03T10:30');
    const [planned] = planReminders({
      startsAt,
      timeZone: 'Europe/Paris',
      now: instantOf('2026-11-01T12:00'),
      notAfter: instantOf('2026-12-02T10:30'),
      quietHours: null,
      jitterMinutes: 0,
      random: () => 0,
      entries: [{ before: beforeOf('P1D'), channel: 'email' }],
    });
    expect(planned).toMatchObject({ skipped: 'booked_late', channel: 'email', before: 'P1D' });
  });
});

const scenario = fc
  .record({
    timeZone: fc.constantFrom(...zones),
    startMinutes: fc.integer({
      min: Date.UTC(2026, 8, 1) / 60_000,
      max: Date.UTC(2027, 11, 1) / 60_000,
    }),
    leadMinutes: fc.oneof(
      fc.integer({ min: 1, max: 3 * 1440 }),
      fc.integer({ min: 1, max: 60 * 1440 }),
    ),
    cutMinutes: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 600 })),
    quietHours: fc.oneof(
      fc.constant(night),
      fc.constant(null),
      fc.record({
        start: fc.integer({ min: 0, max: 1439 }),
        end: fc.integer({ min: 0, max: 1439 }),
      }),
    ),
    jitterMinutes: fc.integer({ min: 0, max: 240 }),
    draws: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 8,
      maxLength: 8,
    }),
    entries: fc.array(
      fc.record({
        before: fc
          .oneof(
            fc.integer({ min: 5, max: 2880 }).map((minutes) => `PT${minutes}M`),
            fc.integer({ min: 1, max: 60 }).map((days) => `P${days}D`),
          )
          .map(beforeOf),
        channel: fc.constantFrom('sms' as const, 'email' as const, 'auto' as const),
      }),
      { maxLength: 8 },
    ),
  })
  .map((drawn) => {
    const startsAt = Temporal.Instant.fromEpochMilliseconds(drawn.startMinutes * 60_000);
    const quietHours =
      drawn.quietHours !== null && typeof drawn.quietHours.start === 'number'
        ? { start: clock(drawn.quietHours.start), end: clock(Number(drawn.quietHours.end)) }
        : (drawn.quietHours as QuietHours);
    const input: Omit<PlanInput, 'random'> = {
      startsAt,
      timeZone: drawn.timeZone,
      now: startsAt.subtract({ minutes: drawn.leadMinutes, microseconds: 500 }),
      notAfter: startsAt.subtract({ minutes: drawn.cutMinutes }),
      quietHours,
      jitterMinutes: drawn.jitterMinutes,
      entries: drawn.entries,
    };
    return { input, plan: () => planReminders({ ...input, random: cycle(drawn.draws) }) };
  });

function clock(minutes: number): string {
  return Temporal.PlainTime.from('00:00').add({ minutes }).toString().slice(0, 5);
}

function cycle(draws: number[]): () => number {
  let index = 0;
  return () => draws[index++ % draws.length] ?? 0;
}

describe('every plan', () => {
  const options = { numRuns: 300 };
  const compare = Temporal.Instant.compare;

  it('sends nothing in quiet hours, at or before now, or at or after `notAfter`', () => {
    fc.assert(
      fc.property(scenario, ({ input, plan }) => {
        for (const { skipped, plannedAt, sendAt, notAfter } of plan()) {
          expect(notAfter).toEqual(input.notAfter);
          if (skipped !== undefined) continue;
          for (const at of [plannedAt, sendAt]) {
            expect(compare(at, input.now)).toBe(1);
            expect(compare(at, input.notAfter)).toBe(-1);
            expect(isQuiet(at, input.timeZone, input.quietHours)).toBe(false);
          }
        }
      }),
      options,
    );
  });

  it('answers every entry once, earliest first', () => {
    fc.assert(
      fc.property(scenario, ({ input, plan }) => {
        const planned = plan();
        const asked = input.entries.map((entry) => `${entry.before.text} ${entry.channel}`);
        const answered = planned.map((reminder) => `${reminder.before} ${reminder.channel}`);
        expect(answered.sort()).toEqual(asked.sort());
        for (const [index, reminder] of planned.entries()) {
          const previous = planned[index - 1] ?? reminder;
          expect(compare(previous.sendAt, reminder.sendAt)).toBeLessThanOrEqual(0);
        }
      }),
      options,
    );
  });

  it('skips what has passed, what is blocked on both sides, and nothing else', () => {
    fc.assert(
      fc.property(scenario, ({ input, plan }) => {
        const { now, notAfter, timeZone, quietHours } = input;
        const isInTime = (at: Temporal.Instant) =>
          compare(at, now) > 0 && compare(at, notAfter) < 0;
        for (const reminder of plan()) {
          const quiet = quietSpan(reminder.resolvedAt, timeZone, quietHours);
          const eve = quiet?.begins.subtract({ minutes: 1 });
          const sides = quiet && eve ? [quiet.ends, eve] : [reminder.resolvedAt];
          const isOpen = sides.some((at) => isInTime(at) && !isQuiet(at, timeZone, quietHours));
          const expected = isInTime(reminder.resolvedAt)
            ? isOpen
              ? undefined
              : 'quiet_hours'
            : 'booked_late';
          expect(reminder.skipped).toBe(expected);
          if (expected !== undefined) {
            expect(reminder.plannedAt).toEqual(reminder.resolvedAt);
            expect(reminder.sendAt).toEqual(reminder.resolvedAt);
          } else if (quiet === undefined) {
            expect(reminder.plannedAt).toEqual(reminder.resolvedAt);
          } else if (compare(quiet.ends.add({ hours: 2 }), notAfter) <= 0) {
            expect(reminder.plannedAt).toEqual(quiet.ends);
          }
        }
      }),
      options,
    );
  });

  it('jitters by no more than asked and no more than a quarter of `before`', () => {
    fc.assert(
      fc.property(scenario, ({ input, plan }) => {
        for (const { skipped, resolvedAt, plannedAt, sendAt } of plan()) {
          if (skipped !== undefined) continue;
          const moved = Math.abs(sendAt.epochMilliseconds - plannedAt.epochMilliseconds);
          const quarter = (input.startsAt.epochMilliseconds - resolvedAt.epochMilliseconds) / 4;
          expect(moved).toBeLessThanOrEqual(Math.min(input.jitterMinutes * 60_000, quarter));
        }
      }),
      options,
    );
  });

  it('keeps the order in which reminders were planned', () => {
    fc.assert(
      fc.property(scenario, ({ plan }) => {
        const sent = plan().filter(({ skipped }) => skipped === undefined);
        for (const one of sent) {
          for (const other of sent) {
            if (compare(one.plannedAt, other.plannedAt) >= 0) continue;
            expect(compare(one.sendAt, other.sendAt)).toBeLessThanOrEqual(0);
          }
        }
      }),
      options,
    );
  });

  it('is the same again from the same input and the same draws', () => {
    fc.assert(
      fc.property(scenario, ({ plan }) => {
        expect(plan()).toEqual(plan());
      }),
      options,
    );
  });

  it('resolves to the same times whatever the jitter', () => {
    fc.assert(
      fc.property(scenario, ({ input, plan }) => {
        const still = planReminders({ ...input, jitterMinutes: 0, random: () => 0 });
        const key = (reminder: (typeof still)[number]) =>
          [reminder.before, reminder.channel, reminder.resolvedAt, reminder.plannedAt].join(' ');
        expect(plan().map(key).sort()).toEqual(still.map(key).sort());
        for (const reminder of still) expect(reminder.sendAt).toEqual(reminder.plannedAt);
      }),
      options,
    );
  });
});

describe('jitter', () => {
  const base = {
    startsAt: instantOf('2026-12-03T14:00'),
    timeZone: 'Europe/Paris',
    now: instantOf('2026-11-01T12:00'),
    notAfter: instantOf('2026-12-03T14:00'),
    quietHours: night,
    jitterMinutes: 45,
  };

  /** How many of 1,000 evenly spread draws fall into each tenth of the window, edges in minutes. */
  function spread(text: string, changes: Partial<PlanInput> = {}) {
    const minutes = Array.from({ length: 1000 }, (_, draw) => {
      const [planned] = planReminders({
        ...base,
        ...changes,
        random: () => draw / 1000,
        entries: [{ before: beforeOf(text), channel: 'sms' }],
      });
      if (planned === undefined) throw new Error('nothing was planned');
      return (planned.sendAt.epochMilliseconds - planned.plannedAt.epochMilliseconds) / 60_000;
    });
    const [from, to] = [Math.min(...minutes), Math.max(...minutes)];
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const minute of minutes) {
      const tenth = Math.min(9, Math.floor(((minute - from) / (to - from)) * 10));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    return { from, to, least: Math.min(...tenths), most: Math.max(...tenths) };
  }

  it('spreads evenly over its whole window', () => {
    const { from, to, least, most } = spread('P1D');
    expect(from).toBeCloseTo(-45, 1);
    expect(to).toBeCloseTo(45, 0);
    expect(least).toBeGreaterThan(90);
    expect(most).toBeLessThan(110);
  });

  it('spreads evenly after the end of quiet hours, with no crowd in their last second', () => {
    const { from, to, least, most } = spread('P1D', {
      startsAt: instantOf('2026-12-03T23:00'),
      notAfter: instantOf('2026-12-03T23:00'),
    });
    expect(from).toBe(0);
    expect(to).toBeCloseTo(45, 0);
    expect(least).toBeGreaterThan(90);
    expect(most).toBeLessThan(110);
  });

  it('goes back only, when moved to before quiet hours', () => {
    const startsAt = instantOf('2026-12-03T07:00');
    const { from, to } = spread('PT3H', { startsAt, notAfter: startsAt });
    expect(from).toBeCloseTo(-45, 1);
    expect(to).toBeGreaterThan(0.9);
    expect(to).toBeLessThan(1); // up to 21:00, not into it
  });

  it('is a quarter of a short `before`', () => {
    const { from, to } = spread('PT20M');
    expect(from).toBeCloseTo(-5, 1);
    expect(to).toBeCloseTo(5, 1);
  });

  it('takes at most a quarter of what is left after quiet hours', () => {
    const startsAt = instantOf('2026-12-03T08:20');
    const { from, to } = spread('PT2H', {
      startsAt,
      notAfter: startsAt,
      now: instantOf('2026-12-03T01:00'),
    });
    expect(from).toBe(0);
    expect(to).toBeCloseTo(5, 1);
  });

  it('keeps clear of quiet hours that are shorter than the jitter', () => {
    const { from, to } = spread('P1D', {
      quietHours: { start: '13:40', end: '13:50' },
      now: instantOf('2026-12-02T13:00'),
    });
    expect(from).toBe(-10);
    expect(to).toBeCloseTo(45, 0);
  });

  it('leaves a time alone that has no room to either side', () => {
    const now = instantOf('2026-12-02T13:59').add({ seconds: 59, milliseconds: 999 });
    const [planned] = planReminders({
      ...base,
      now,
      notAfter: instantOf('2026-12-02T14:00').add({ nanoseconds: 1 }),
      random: () => 0.99,
      entries: [{ before: beforeOf('P1D'), channel: 'sms' }],
    });
    expect(planned?.skipped).toBeUndefined();
    expect(planned?.sendAt).toEqual(instantOf('2026-12-02T14:00'));
  });

  it('leaves a time alone that lies in the same millisecond as now', () => {
    const startsAt = base.startsAt.add({ microseconds: 500 });
    const plannedAt = instantOf('2026-12-02T14:00').add({ microseconds: 500 });
    const [planned] = planReminders({
      ...base,
      startsAt,
      now: plannedAt.subtract({ microseconds: 100 }),
      notAfter: plannedAt.add({ microseconds: 100 }),
      random: () => 0.99,
      entries: [{ before: beforeOf('P1D'), channel: 'sms' }],
    });
    expect(planned?.skipped).toBeUndefined();
    expect(planned?.sendAt).toEqual(plannedAt);
  });
});

describe('a notice', () => {
  const at = (now: string, notAfter: string, quietHours: QuietHours = night) =>
    nextAllowedMinute({
      now: instantOf(now),
      timeZone: 'Europe/Paris',
      quietHours,
      notAfter: instantOf(notAfter),
    });

  it('goes out now, or at the end of quiet hours, however little is left', () => {
    expect(at('2026-12-03T12:00', '2026-12-03T14:00')).toEqual(instantOf('2026-12-03T12:00'));
    expect(at('2026-12-02T23:00', '2026-12-03T14:00')).toEqual(instantOf('2026-12-03T08:00'));
    expect(at('2026-12-02T23:00', '2026-12-03T08:01')).toEqual(instantOf('2026-12-03T08:00'));
    expect(at('2026-12-02T23:00', '2026-12-03T08:01', null)).toEqual(instantOf('2026-12-02T23:00'));
  });

  it('does not go out at or after `notAfter`', () => {
    expect(at('2026-12-02T23:00', '2026-12-03T08:00')).toBeUndefined();
    expect(at('2026-12-03T14:00', '2026-12-03T14:00')).toBeUndefined();
    expect(at('2026-12-03T15:00', '2026-12-03T14:00', null)).toBeUndefined();
  });

  it('is never in quiet hours, before now, or late', () => {
    fc.assert(
      fc.property(scenario, ({ input }) => {
        const { now, timeZone, quietHours, notAfter } = input;
        const allowed = nextAllowedMinute({ now, timeZone, quietHours, notAfter });
        if (allowed === undefined) return;
        expect(isQuiet(allowed, timeZone, quietHours)).toBe(false);
        expect(Temporal.Instant.compare(allowed, now)).toBeGreaterThanOrEqual(0);
        expect(Temporal.Instant.compare(allowed, notAfter)).toBe(-1);
      }),
    );
  });
});
