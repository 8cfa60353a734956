import { describe, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { askAgainInMs, leftAloneMs, unansweredInARowMax } from '../../config/send-check-retry.ts';
import { readDecision } from '../../src/domain/send-check.ts';

describe('the answer of a booking system', () => {
  it.each([
    ['{"decision":"proceed"}', 'proceed'],
    [' {"decision":"drop","why":"called off"}\n', 'drop'],
  ])('%s is %s', (text, decision) => {
    expect(readDecision(text)).toBe(decision);
  });

  it.each([
    '',
    'proceed',
    '"drop"',
    'null',
    '[]',
    '["drop"]',
    '{}',
    '{"decision":null}',
    '{"decision":"DROP"}',
    '{"decision":["drop"]}',
    '{"__proto__":{"decision":"drop"}}',
    '{"decision":"drop"',
  ])('%s is none', (text) => {
    expect(readDecision(text)).toBeUndefined();
  });
});

describe('what gets no answer', () => {
  it('is asked about several times within the grace, at growing distances', () => {
    const waits = Array.from({ length: 8 }, (_, place) => askAgainInMs(place + 1));
    expect(waits).toEqual([5, 10, 20, 40, 60, 60, 60, 60].map((seconds) => seconds * 1_000));
    const total = waits.slice(0, 6).reduce((sum, wait) => sum + wait, 0);
    expect(total).toBeLessThan(limits.sendCheckGraceMs);
  });

  it('leaves its booking system alone after a few, for a minute at most', () => {
    expect(leftAloneMs(unansweredInARowMax - 1)).toBe(0);
    expect(leftAloneMs(unansweredInARowMax)).toBe(2_000);
    expect(leftAloneMs(unansweredInARowMax + 1)).toBe(4_000);
    expect(leftAloneMs(10_000)).toBe(60_000);
  });
});
