import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PatientPages, startPatientPages, type Visitor } from '../support/patient-pages.ts';
import { type SeededAppointment, seedAppointment, seededPin } from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let organisationId: string;

const triesPerClass = 60;
const medianDifferenceMaxMs = 20;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database, { answerFloorMs: 300 });
  organisationId = await database.createOrganisation();
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

let sources = 0;

async function visitorOf({ link }: SeededAppointment): Promise<Visitor> {
  sources += 1;
  const visitor = pages.visitor({
    'x-forwarded-for': `198.51.${Math.floor(sources / 250)}.${sources % 250}`,
  });
  await visitor.open(link.token);
  return visitor;
}

const seed = () => seedAppointment(pages.seed, { organisationId });
const lock = ({ id }: SeededAppointment) =>
  database.admin.query(
    `insert into factor_failures (organisation_id, appointment_id, factor, failed_count, locked_at, help_code)
     values ($1, $2, 'pin', 10, clock_timestamp(), 'HELPME')`,
    [organisationId, id],
  );
const pause = ({ link }: SeededAppointment) =>
  database.admin.query(
    `update source_failures set failed_count = 5, paused_until = clock_timestamp() + interval '1 hour'
     where link_id = $1`,
    [link.id],
  );

/** One visitor about to give an answer of each class, so that all classes meet the same load. */
async function prepare(): Promise<Record<string, () => Promise<unknown>>> {
  const [wrong, right, paused, locked] = [await seed(), await seed(), await seed(), await seed()];
  const visitors = {
    wrong: await visitorOf(wrong),
    right: await visitorOf(right),
    paused: await visitorOf(paused),
    locked: await visitorOf(locked),
  };
  await visitors.paused.prove('593827');
  await pause(paused);
  await lock(locked);
  return {
    wrong: () => visitors.wrong.prove('593827'),
    right: () => visitors.right.prove(seededPin),
    pausedRight: () => visitors.paused.prove(seededPin),
    lockedRight: () => visitors.locked.prove(seededPin),
  };
}

const median = (values: readonly number[]) =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

describe('how long an answer takes', () => {
  it('does not tell whether it was right, wrong, paused or locked', async () => {
    const times: Record<string, number[]> = {};
    const rounds = await Promise.all(Array.from({ length: triesPerClass }, prepare));
    // Five rounds at a time: enough to be done soon, few enough for the floor to hold.
    for (let first = 0; first < rounds.length; first += 5) {
      const classes = rounds.slice(first, first + 5).flatMap((round) => Object.entries(round));
      await Promise.all(
        classes.map(async ([name, answer]) => {
          const begun = performance.now();
          await answer();
          times[name] = [...(times[name] ?? []), performance.now() - begun];
        }),
      );
    }
    const medians = Object.values(times).map(median);
    expect(Object.values(times).map(({ length }) => length)).toEqual(Array(4).fill(triesPerClass));
    expect(Math.min(...medians)).toBeGreaterThanOrEqual(295);
    expect(Math.max(...medians) - Math.min(...medians)).toBeLessThan(medianDifferenceMaxMs);
  });

  it('does not tell why a link does not work', async () => {
    const expired = await seed();
    const revoked = await seed();
    await database.admin.query('update links set expires_at = clock_timestamp() where id = $1', [
      expired.link.id,
    ]);
    await database.admin.query('update links set revoked_at = clock_timestamp() where id = $1', [
      revoked.link.id,
    ]);
    const addresses = {
      neverMinted: `a${'A'.repeat(67)}`,
      expired: expired.link.token,
      revoked: revoked.link.token,
    };
    const times: Record<string, number[]> = {};
    for (let time = 0; time < triesPerClass; time += 1) {
      for (const [name, token] of Object.entries(addresses)) {
        const begun = performance.now();
        await pages.visitor().get(`/${token}`);
        times[name] = [...(times[name] ?? []), performance.now() - begun];
      }
    }
    const medians = Object.values(times).map(median);
    expect(Math.max(...medians) - Math.min(...medians)).toBeLessThan(medianDifferenceMaxMs);
  });
});
