import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import { seedAppointment, seededRequest, seedNewVersion } from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database);
  organisationId = await database.createOrganisation();
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

const requestFor = (phone: string) => ({
  ...seededRequest,
  recipient: { phone, email: 'lea@example.org', language: 'en' },
});
const seedFor = (phone: string) =>
  seedAppointment(pages.seed, {
    ...{ organisationId, request: requestFor(phone) },
    channels: ['email'],
  });

/** Opens a link by email of an appointment with this phone, and presses the button. */
async function askForCode(phone: string, mode: 'test' | 'live' = 'test'): Promise<string> {
  const { link } = await seedFor(phone);
  await database.admin.query('update links set mode = $2 where id = $1', [link.id, mode]);
  const visitor = pages.visitor();
  await visitor.open(link.token);
  await visitor.get('/code/send');
  const answer = await visitor.askForCode();
  return answer.location === '/code' ? 'sent' : 'not sent';
}

const sentTo = (number: string) => pages.phone.sends.filter(({ to }) => to === number).length;

describe('what a phone may get in a day', () => {
  it('is counted by its number, however booking systems write it', async () => {
    const spellings = [
      ...['+33639980901', '+33 6 39 98 09 01', '+33.639.98.09.01', '+33-6-39-98-09-01'],
      ...['+33\u00a0639980901', '+336 39980901', '+33 639980901'],
    ];
    const answers = [];
    for (const spelling of spellings) answers.push(await askForCode(spelling));
    expect(answers).toEqual([...Array(6).fill('sent'), 'not sent']);
    expect(sentTo('+33639980901')).toBe(6);
  });

  it('is not used up by test appointments that name it', async () => {
    for (let count = 0; count < 7; count += 1) await askForCode('+33639980902', 'test');
    expect(sentTo('+33639980902')).toBe(6);
    expect(await askForCode('+33639980902', 'live')).toBe('sent');
  });
});

it('a code that went to a number opens nothing once the appointment has another number', async () => {
  const seeded = await seedFor('+33639980903');
  const visitor = pages.visitor();
  await visitor.open(seeded.link.token);
  await visitor.get('/code/send');
  await visitor.askForCode();
  const code = /\d{6}/.exec(pages.phone.sends.at(-1)?.text ?? '')?.[0] ?? '';
  await seedNewVersion(pages.seed, { seeded, version: 2, request: requestFor('+33639980904') });
  const answer = await visitor.proveCode(code);
  expect([answer.status, answer.step]).toEqual([200, 'code']);
  // The same number, written otherwise, is the same phone.
  await seedNewVersion(pages.seed, { seeded, version: 3, request: requestFor('+33 639 980 903') });
  expect((await visitor.proveCode(code)).location).toBe('/details');
});
