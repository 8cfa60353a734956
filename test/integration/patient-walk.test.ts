import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import { seedAppointment, seededPin, seededRequest } from '../support/seed-appointment.ts';

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

describe('a patient with a link and a PIN', () => {
  it('sees every field of the appointment, and nothing before the proof', async () => {
    const { link } = await seedAppointment(pages.seed, { organisationId });
    const visitor = pages.visitor();

    const opened = await visitor.get(`/${link.token}`);
    expect([opened.status, opened.location, opened.body]).toEqual([303, '/r', '']);
    const landing = await visitor.get('/r');
    expect([landing.status, landing.step]).toEqual([200, 'landing']);
    const question = await visitor.get('/prove');
    expect([question.status, question.step]).toEqual([200, 'prove']);
    const { details } = seededRequest;
    const canaries = [
      details.practitioner,
      details.specialty,
      details.place?.name,
      details.instructions,
      details.reason,
      details.for,
    ].map(String);
    for (const canary of canaries) {
      expect(landing.body + question.body).not.toContain(canary);
    }

    const proved = await visitor.prove(seededPin);
    expect([proved.status, proved.location]).toEqual([303, '/details']);
    const shown = await visitor.get('/details');
    expect([shown.status, shown.step]).toEqual([200, 'details']);
    for (const canary of canaries) expect(shown.body).toContain(canary);
    expect(shown.body).toContain('10:30');
    expect(shown.body).not.toContain(seededPin);
    expect(shown.body).not.toContain(seededRequest.recipient.phone);
    expect(shown.body).not.toContain(seededRequest.recipient.birthDate);
  });
});
