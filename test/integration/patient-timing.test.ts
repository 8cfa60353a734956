import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type LyingProvider, startLyingProvider } from '../support/lying-provider.ts';
import { type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import {
  type AnswerClasses,
  createAnswerClasses,
  portalColumns,
} from '../timing/answer-classes.ts';
import { differenceMs, timeAnswers } from '../timing/time-answers.ts';

let database: TestDatabase;
let pages: PatientPages;
let provider: LyingProvider;
let classes: AnswerClasses;

const floorMs = 300;
const differenceMaxMs = 20;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database, { answerFloorMs: floorMs });
  provider = await startLyingProvider();
  const organisations = {
    plain: await database.createOrganisation(),
    withPortal: await database.createOrganisation(portalColumns(provider)),
  };
  classes = await createAnswerClasses({ database, pages, provider, organisations });
});
afterAll(async () => {
  await provider.close();
  await pages.close();
  await database.drop();
});

/** One of each class at a time: enough to be done soon, few enough for the floor to hold. */
async function timed(
  kind: keyof AnswerClasses,
  { count, tries, atOnce = count }: { count: number; tries: number; atOnce?: number },
) {
  const rounds = await Promise.all(Array.from({ length: tries }, () => classes[kind]()));
  const timings = await timeAnswers(rounds, { atOnce });
  expect(timings.map((timing) => timing.count)).toEqual(Array(count).fill(tries));
  return timings;
}

// On a busy machine many an answer is slow for reasons of its own; what leaks does so also among the quickest.
describe('how long an answer takes', { retry: 2 }, () => {
  it('does not tell whether it was right, wrong, expired, used, paused or locked', async () => {
    const timings = await timed('typed', { count: 15, tries: 25 });
    expect(Math.min(...timings.map(({ p10Ms }) => p10Ms))).toBeGreaterThanOrEqual(295);
    expect(differenceMs(timings, 'p10Ms')).toBeLessThan(differenceMaxMs);
  });

  it('does not tell whether a passkey or a portal was believed, nor why not', async () => {
    const timings = await timed('shown', { count: 9, tries: 11 });
    expect(Math.min(...timings.map(({ p10Ms }) => p10Ms))).toBeGreaterThanOrEqual(295);
    expect(differenceMs(timings, 'p10Ms')).toBeLessThan(differenceMaxMs);
  });

  it('does not tell why a link does not work', async () => {
    const timings = await timed('links', { count: 3, tries: 25, atOnce: 1 });
    expect(differenceMs(timings, 'p10Ms')).toBeLessThan(differenceMaxMs);
  });
});
