import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppointmentRequest } from '../../src/domain/appointment.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PageAnswer, type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import {
  inDays,
  type SeededAppointment,
  seedAppointment,
  seededPin,
  seededRequest,
  seedNewVersion,
} from '../support/seed-appointment.ts';

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

const seed = (request?: AppointmentRequest) =>
  seedAppointment(pages.seed, { organisationId, ...(request ? { request } : {}) });

async function detailsOf(
  { link }: SeededAppointment,
  { pin = seededPin, lang = 'en' } = {},
): Promise<PageAnswer> {
  const visitor = pages.visitor();
  await visitor.open(link.token);
  await visitor.prove(pin);
  return visitor.get(`/details?lang=${lang}`);
}

/** The words of a page, without its tags. */
const text = ({ body }: PageAnswer) =>
  body
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

describe('the details', () => {
  it('show what was sent and nothing that was not', async () => {
    const bare = await detailsOf(
      await seed({
        start: inDays(3),
        timeZone: 'Europe/Paris',
        details: { practitioner: 'Dr Seul' },
        recipient: { phone: '+33639980001', pin: seededPin },
      }),
    );
    expect(bare.step).toBe('details');
    expect(text(bare)).toContain('Dr Seul');
    for (const label of ['Specialty', 'Where', 'Reason', 'How long', 'Phone', 'What to know']) {
      expect(text(bare)).not.toContain(label);
    }
    const full = await detailsOf(await seed());
    expect(text(full)).toContain('20 minutes');
  });

  it('escape what a booking system sent', async () => {
    const answer = await detailsOf(
      await seed({
        ...seededRequest,
        details: { practitioner: '<img src=x onerror=alert(1)>"&\'', instructions: '</dd><b>bold' },
      }),
    );
    expect(answer.body).not.toMatch(/<img|<b>/);
    expect(answer.body).toContain('&lt;img src=x onerror=alert(1)&gt;');
  });

  it('say the time on the clock of the place, and name its zone', async () => {
    const answer = await detailsOf(
      await seed({ ...seededRequest, timeZone: 'Pacific/Auckland', start: inDays(5) }),
    );
    expect(text(answer)).toContain('10:30');
    expect(text(answer)).toContain('New Zealand');
  });

  it('are those of the newest version, and say that it moved', async () => {
    const seeded = await seed();
    const request = {
      ...seededRequest,
      start: inDays(9),
      details: { ...seededRequest.details, practitioner: 'Dr Nouvelle' },
    };
    await seedNewVersion(pages.seed, { seeded, version: 2, request, moved: true });
    const answer = text(await detailsOf(seeded));
    expect(answer).toContain('Dr Nouvelle');
    expect(answer).not.toContain('Quenouille');
    expect(answer).toContain('has moved');
  });

  it('change under a session that is open', async () => {
    const seeded = await seed();
    const visitor = pages.visitor();
    await visitor.open(seeded.link.token);
    await visitor.prove(seededPin);
    await visitor.get('/details');
    const request = { ...seededRequest, details: { practitioner: 'Dr Nouvelle' } };
    await seedNewVersion(pages.seed, { seeded, version: 2, request });
    expect(text(await visitor.get('/details'))).toContain('Dr Nouvelle');
  });

  it('say plainly that an appointment is cancelled, by a PUT or by a DELETE', async () => {
    const byPut = await seed();
    await seedNewVersion(pages.seed, {
      seeded: byPut,
      version: 2,
      request: { ...seededRequest, status: 'cancelled' },
    });
    const byDelete = await seed();
    await database.admin.query(
      `update appointments set state = 'cancelled', deleted_at = clock_timestamp() where id = $1`,
      [byDelete.id],
    );
    for (const seeded of [byPut, byDelete]) {
      const answer = text(await detailsOf(seeded));
      expect(answer).toContain('This appointment is cancelled. You do not need to come.');
      expect(answer).toContain('Quenouille');
    }
  });

  it('tell nothing of a cancellation or a move before the proof', async () => {
    const [cancelled, booked] = [await seed(), await seed()];
    await database.admin.query(
      `update appointments set state = 'cancelled', moved = true where id = $1`,
      [cancelled.id],
    );
    const question = async ({ link }: SeededAppointment) =>
      (await pages.visitor().open(link.token)).body.replace(/name="form" value="[^"]+"/, '');
    expect(await question(cancelled)).toBe(await question(booked));
  });

  it('follow a changed PIN at once: the old one opens nothing', async () => {
    const seeded = await seed();
    const recipient = { ...seededRequest.recipient, pin: '593827' };
    const request = { ...seededRequest, recipient };
    await seedNewVersion(pages.seed, { seeded, version: 2, request });
    expect((await detailsOf(seeded)).step).toBeUndefined();
    expect((await detailsOf(seeded, { pin: '593827' })).step).toBe('details');
  });

  it('open behind an old link as long as its contact point stands, however it is written', async () => {
    const seeded = await seed();
    const request = {
      ...seededRequest,
      recipient: {
        ...seededRequest.recipient,
        phone: '+33 6 39 98 00 01',
        email: 'new@example.net',
      },
    };
    await seedNewVersion(pages.seed, { seeded, version: 2, request });
    expect((await detailsOf(seeded)).step).toBe('details');

    const byEmail = await seedAppointment(pages.seed, {
      organisationId,
      channels: ['email'],
      request: { ...seededRequest, recipient: { email: 'Léa@example.net', pin: seededPin } },
    });
    const upper = { email: 'Léa@EXAMPLE.net', pin: seededPin };
    await seedNewVersion(pages.seed, {
      seeded: byEmail,
      version: 2,
      request: { ...seededRequest, recipient: upper },
    });
    expect((await detailsOf(byEmail)).step).toBe('details');
  });

  it('are in the language of the message, or else in the organisation’s', async () => {
    const languages = { fr: 'fr', en: 'en', de: 'de', ja: 'fr' };
    for (const [language, shown] of Object.entries(languages)) {
      const recipient = { ...seededRequest.recipient, language };
      const { link } = await seed({ ...seededRequest, recipient });
      const question = await pages.visitor({ 'accept-language': 'it' }).open(link.token);
      expect({ language, body: question.body }).toEqual({
        language,
        body: expect.stringContaining(`<html lang="${shown}"`),
      });
    }
  });
});
