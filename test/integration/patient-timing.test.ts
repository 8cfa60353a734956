import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Factor } from '../../src/domain/factor.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PatientPages, startPatientPages, type Visitor } from '../support/patient-pages.ts';
import {
  type SeededAppointment,
  seedAppointment,
  seededPin,
  seededRequest,
} from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let organisationId: string;

const triesPerClass = 25;
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

const birthDate = '1980-02-14';
const seed = () => seedAppointment(pages.seed, { organisationId });
/** By email, so that a code is asked for at once. */
const seedForCode = (phone = newPhone()) => {
  const recipient = { phone, email: 'lea@example.org', language: 'en' };
  const request = { ...seededRequest, recipient };
  return seedAppointment(pages.seed, { organisationId, request, channels: ['email'] });
};

let phones = 0;
function newPhone(): string {
  phones += 1;
  return `+336399${String(phones).padStart(5, '0')}`;
}

const lock = ({ id }: SeededAppointment, factor: Factor) =>
  database.admin.query(
    `insert into factor_failures (organisation_id, appointment_id, factor, failed_count, locked_at, help_code)
     values ($1, $2, $3, 10, clock_timestamp(), 'HELPME')`,
    [organisationId, id, factor],
  );
const pause = ({ link }: SeededAppointment) =>
  database.admin.query(
    `insert into source_failures (organisation_id, link_id, source, failed_count, paused_until)
     select $1, $2, source, 5, clock_timestamp() + interval '1 hour' from source_failures
     where link_id = $2
     on conflict (link_id, source) do update set failed_count = 5, paused_until = excluded.paused_until`,
    [organisationId, link.id],
  );

type Ways = Record<'right' | 'wrong', (visitor: Visitor) => Promise<unknown>>;

/** One visitor about to give an answer of each class to a question of this factor. */
async function prepareTyped(factor: 'pin' | 'birth_date', { right, wrong }: Ways) {
  const appointments = [await seed(), await seed(), await seed(), await seed()] as const;
  const [, , paused, locked] = appointments;
  const visitors = await Promise.all(appointments.map(visitorOf));
  const [ofOne, ofOther, ofPaused, ofLocked] = visitors as [Visitor, Visitor, Visitor, Visitor];
  await wrong(ofPaused);
  await pause(paused);
  await lock(locked, factor);
  return {
    [`${factor} wrong`]: () => wrong(ofOne),
    [`${factor} right`]: () => right(ofOther),
    [`${factor} right, paused`]: () => right(ofPaused),
    [`${factor} right, locked`]: () => right(ofLocked),
  };
}

async function withCode(): Promise<{
  appointment: SeededAppointment;
  visitor: Visitor;
  code: string;
}> {
  const phone = newPhone();
  const appointment = await seedForCode(phone);
  const visitor = await visitorOf(appointment);
  await visitor.askForCode();
  const code =
    /\b(\d{6})\b/.exec(pages.phone.sends.find(({ to }) => to === phone)?.text ?? '')?.[1] ?? '';
  return { appointment, visitor, code };
}

const setCode = ({ link }: SeededAppointment, column: 'expires_at' | 'used_at') =>
  database.admin.query(`update codes set ${column} = clock_timestamp() where link_id = $1`, [
    link.id,
  ]);

async function prepareCodes() {
  const [wrong, right, expired, used, paused, locked] = await Promise.all([
    ...[withCode(), withCode(), withCode()],
    ...[withCode(), withCode(), withCode()],
  ] as const);
  await setCode(expired.appointment, 'expires_at');
  await setCode(used.appointment, 'used_at');
  await paused.visitor.proveCode(other(paused.code));
  await pause(paused.appointment);
  await lock(locked.appointment, 'code');
  const unasked = await visitorOf(await seedForCode());
  return {
    'code wrong': () => wrong.visitor.proveCode(other(wrong.code)),
    'code right': () => right.visitor.proveCode(right.code),
    'code expired': () => expired.visitor.proveCode(expired.code),
    'code used': () => used.visitor.proveCode(used.code),
    'code right, paused': () => paused.visitor.proveCode(paused.code),
    'code right, locked': () => locked.visitor.proveCode(locked.code),
    'code never sent': () => unasked.proveCode('593827'),
  };
}

const other = (code: string) => (code === '593827' ? '593828' : '593827');

/** Someone about to give an answer of each class, so that all classes meet the same load. */
async function prepare(): Promise<Record<string, () => Promise<unknown>>> {
  return {
    ...(await prepareTyped('pin', {
      right: (visitor) => visitor.prove(seededPin),
      wrong: (visitor) => visitor.prove('593827'),
    })),
    ...(await prepareTyped('birth_date', {
      right: (visitor) => visitor.proveBirthDate(birthDate),
      wrong: (visitor) => visitor.proveBirthDate('1980-02-15'),
    })),
    ...(await prepareCodes()),
  };
}

const median = (values: readonly number[]) =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

describe('how long an answer takes', () => {
  it('does not tell whether it was right, wrong, expired, used, paused or locked', async () => {
    const times: Record<string, number[]> = {};
    const rounds = await Promise.all(Array.from({ length: triesPerClass }, prepare));
    // One of each class at a time: enough to be done soon, few enough for the floor to hold.
    for (const round of rounds) {
      await Promise.all(
        Object.entries(round).map(async ([name, answer]) => {
          const begun = performance.now();
          await answer();
          times[name] = [...(times[name] ?? []), performance.now() - begun];
        }),
      );
    }
    const medians = Object.values(times).map(median);
    expect(Object.values(times).map(({ length }) => length)).toEqual(Array(15).fill(triesPerClass));
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
