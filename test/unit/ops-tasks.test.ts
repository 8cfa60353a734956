import { describe, expect, it } from 'vitest';
import { listTasks } from '../../src/domain/ops-tasks.ts';
import type { Overview } from '../../src/domain/overview.ts';

const well: Overview = {
  mode: 'live',
  now: new Date(),
  measuredUntil: new Date(),
  verdict: { state: 'fine', cause: undefined, channels: [], oldestDueS: 0 },
  due: {
    ...{ count: 0, oldestAgeS: 0, organisationCount: 0, organisations: [], nextHourCount: 0 },
    ...{ soonCount: 0, mismatchCount: 0 },
  },
  ...{ scheduledEstimate: 0, flow: [], duplicateCount: 0, failed: [], lanes: [] },
  uncertain: { count: 0, oldestAgeS: 0 },
  workers: [{ version: '1', ageS: 1, heldUp: [] }],
  canary: {
    lastPassedAt: null,
    lastEndedAt: null,
    lastTookS: null,
    failingCount: 0,
    unreachable: [],
  },
  ...{ silentDuties: [], versions: ['1'], lateness: [], pauses: [], optOuts: [], lockOuts: 0 },
  incidents: [],
};
const kinds = (change: Partial<Overview>) =>
  listTasks({ ...well, ...change }).map((one) => one.kind);
const lane = (counts: Record<string, number>, heldUp = false): Overview['lanes'][number] => ({
  ...{ channel: 'sms', paused: false, workersHeldUp: 0, heldUp, lastAcceptedAt: undefined },
  ...{ givenBack: [], allGivenBack: false },
  lastHour: Object.entries(counts).map(([code, count]) => ({ code, count })),
});

describe('what there is to do', () => {
  it('is nothing while all is well', () => {
    expect(kinds({})).toEqual([]);
  });

  it('names first what keeps reminders from going out, and last what can wait', () => {
    const found = kinds({
      workers: [],
      silentDuties: [
        { duty: 'dispatch', ageS: undefined },
        { duty: 'feed', ageS: 90 },
        { duty: 'retire', ageS: 9_000 },
      ],
      lanes: [lane({}, true)],
      duplicateCount: 2,
      uncertain: { count: 1, oldestAgeS: 5_000 },
    });
    expect(found).toEqual([
      ...['no_worker', 'duties_silent', 'provider_down'],
      ...['uncertain', 'duties_silent', 'duplicates'],
    ]);
  });

  it('is to see what happened to the canary, before any provider', () => {
    const canary = { ...well.canary, failingCount: 1 };
    expect(kinds({ canary, lanes: [lane({}, true)] })).toEqual(['canary', 'provider_down']);
  });

  it('takes a provider to refuse once it refuses a fifth, of enough to tell', () => {
    expect(kinds({ lanes: [lane({ accepted: 80, rate_limited: 20 })] })).toEqual([
      'provider_refuses',
    ]);
    expect(kinds({ lanes: [lane({ accepted: 81, rate_limited: 19 })] })).toEqual([]);
    expect(kinds({ lanes: [lane({ rate_limited: 4 })] })).toEqual([]);
  });

  it('adds up dead letters of one code, and tells the soonest end of their use', () => {
    const letter = { code: 'a', organisationName: 'x', organisationId: 'x' };
    const [soon, late] = [new Date(1_000), new Date(9_000)];
    const failed = [
      { ...letter, count: 2, soonestDeadline: late },
      { ...letter, count: 1, soonestDeadline: soon },
      { ...letter, code: 'b', count: 5, soonestDeadline: late },
    ];
    expect(listTasks({ ...well, failed })).toEqual([
      { kind: 'dead_letters', code: 'a', count: 3, soonestDeadline: soon },
      { kind: 'dead_letters', code: 'b', count: 5, soonestDeadline: late },
    ]);
  });

  it('gives a delivery receipt time before it asks for somebody', () => {
    expect(kinds({ uncertain: { count: 1, oldestAgeS: 900 } })).toEqual([]);
    expect(kinds({ uncertain: { count: 1, oldestAgeS: 901 } })).toEqual(['uncertain']);
  });
});
