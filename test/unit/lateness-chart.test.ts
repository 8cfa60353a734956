import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latenessChart } from '../../src/http/ops/views/lateness-chart.ts';

const now = new Date('2026-11-26T03:12:34Z');
const slotMs = 600_000;
const slot = (slotsAgo: number, seconds: number) => ({
  at: new Date(Math.floor(now.getTime() / slotMs) * slotMs - slotsAgo * slotMs),
  ...{ count: 3, p50S: seconds, p95S: seconds, maxS: seconds },
});
const draw = (lateness: ReturnType<typeof slot>[], pauses: never[] = []) =>
  String(latenessChart({ lateness, pauses, now }));

describe('the chart of lateness', () => {
  it('of a day without a send says so, and any other has a name that sums it up', () => {
    expect(draw([])).toBe('<p>No first hand-over is counted within 24 hours.</p>');
    const text = draw([slot(9, 1), slot(8, 700)]);
    expect(text).toContain('aria-labelledby="lateness-name"');
    expect(text).toContain('Lateness of 6 reminders over 24 hours. Latest: 12 min, at 01:50 UTC.');
  });

  it('breaks its lines where nothing was sent', () => {
    const path = /<path d="(M[^"]+)" fill="none"/.exec(
      draw([slot(9, 1), slot(8, 1), slot(3, 1)]),
    )?.[1];
    expect(path?.match(/M/g)).toHaveLength(2);
    expect(path?.match(/L/g)).toHaveLength(1);
  });

  it('shades pauses of all, cut to the day, and not those of one organisation', () => {
    const pause = { channel: undefined, reason: 'x', since: new Date('2026-11-20T00:00:00Z') };
    const until = new Date('2026-11-25T09:12:34Z');
    const pauses = [
      { ...pause, organisationName: undefined, until },
      { ...pause, organisationName: 'One', until: undefined },
    ] as never[];
    const rects = [
      ...draw([slot(1, 1)], pauses).matchAll(/<rect x="([\d.]+)" y="10" width="([\d.]+)"/g),
    ];
    expect(rects.map(([, x, width]) => [Number(x), Math.round(Number(width))])).toEqual([
      [48, 147],
    ]);
  });

  it('keeps every point within its frame, however late or early', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 143 }), { minLength: 1 }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (places, seconds) => {
          const text = draw(
            places.sort((one, other) => other - one).map((at) => slot(at, seconds)),
          );
          expect(text).not.toMatch(/NaN|Infinity/);
          for (const [, x, y] of text.matchAll(/[ML]([\d.]+) ([\d.]+)/g)) {
            expect(Number(x)).toBeGreaterThanOrEqual(48);
            expect(Number(x)).toBeLessThanOrEqual(636);
            expect(Number(y)).toBeGreaterThanOrEqual(10);
            expect(Number(y)).toBeLessThanOrEqual(182);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('stays small with a point for every ten minutes', () => {
    const text = draw(Array.from({ length: 144 }, (_, place) => slot(143 - place, 1 + place)));
    expect(Buffer.byteLength(text)).toBeLessThan(16 * 1_024);
  });
});
