import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceHash } from '../../src/keys/source-hash.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PatientPages, startPatientPages, type Visitor } from '../support/patient-pages.ts';
import {
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

let sources = 0;

/** Someone at an address that nobody else in this file comes from, before the question. */
async function visitorOf({ link }: SeededAppointment): Promise<Visitor> {
  sources += 1;
  const visitor = pages.visitor({ 'x-forwarded-for': `203.0.113.${sources}` });
  await visitor.open(link.token);
  return visitor;
}

const seed = () => seedAppointment(pages.seed, { organisationId });

async function guess(visitor: Visitor, times: number): Promise<(string | undefined)[]> {
  const steps: (string | undefined)[] = [];
  for (let time = 0; time < times; time += 1) {
    steps.push((await visitor.prove(wrongPin(time))).step);
  }
  return steps;
}

const wrongPin = (number: number) => String(593_800 + number);

async function failuresOf({ id }: SeededAppointment) {
  const { rows } = await database.admin.query(
    `select failed_count, locked_at, help_code from factor_failures where appointment_id = $1`,
    [id],
  );
  return rows[0];
}

async function eventsOf({ id }: SeededAppointment) {
  const { rows } = await database.admin.query(
    'select type, reference, reminder_id, reason_code, mode from events where appointment_id = $1',
    [id],
  );
  return rows;
}

/** The page without what differs from one visit to the next. */
const words = (body: string) => body.replaceAll(/name="form" value="[^"]+"/g, '');

/** Makes the pause of every source of a link end now. */
const endPauses = ({ link }: SeededAppointment) =>
  database.admin.query(
    'update source_failures set paused_until = clock_timestamp() where link_id = $1',
    [link.id],
  );

describe('a wrong PIN', () => {
  it('says neither what was wrong nor why, and shows no digit of what was typed', async () => {
    const appointment = await seed();
    const visitor = await visitorOf(appointment);
    const refused = await visitor.prove('593827');
    expect([refused.status, refused.step]).toEqual([200, 'prove']);
    expect(refused.body).not.toContain('593827');
    expect(words(refused.body)).not.toContain('value=');
    expect(words((await visitor.prove('738291')).body)).toBe(words(refused.body));
  });

  it('is not counted when it cannot be a PIN at all', async () => {
    const appointment = await seed();
    const visitor = await visitorOf(appointment);
    for (const text of ['', '   ', '12345', '123456789', 'abcdef', '12345a']) {
      expect((await visitor.prove(text)).step).toBe('prove');
    }
    expect(await failuresOf(appointment)).toBeUndefined();
  });

  it('takes a right one with spaces, as people write them down', async () => {
    const visitor = await visitorOf(await seed());
    expect((await visitor.prove(' 482 913 ')).location).toBe('/details');
  });
});

describe('after five wrong answers from one source', () => {
  it('the right PIN from there gets the answer of a wrong one, and from elsewhere opens', async () => {
    const appointment = await seed();
    const guesser = await visitorOf(appointment);
    await guess(guesser, 4);
    const wrong = await guesser.prove(wrongPin(5));
    const right = await guesser.prove(seededPin);
    expect([right.status, right.setCookies]).toEqual([wrong.status, wrong.setCookies]);
    expect(words(right.body)).toBe(words(wrong.body));

    expect((await (await visitorOf(appointment)).prove(seededPin)).location).toBe('/details');
  });

  it('each said to come from elsewhere, it is the source that the trusted proxy names', async () => {
    const appointment = await seed();
    const headers = { 'x-forwarded-for': '203.0.113.250' };
    const guesser = pages.visitor(headers);
    await guesser.open(appointment.link.token);
    for (let time = 0; time < 5; time += 1) {
      headers['x-forwarded-for'] = `198.51.100.${time}, 203.0.113.250`;
      await guess(guesser, 1);
    }
    headers['x-forwarded-for'] = '198.51.100.9, 203.0.113.250';
    expect((await guesser.prove(seededPin)).step).toBe('prove');
  });

  it('a right PIN during the pause counts nothing, a wrong one counts', async () => {
    const appointment = await seed();
    const guesser = await visitorOf(appointment);
    await guess(guesser, 5);
    await guess(guesser, 1);
    for (let time = 0; time < 5; time += 1) await guesser.prove(seededPin);
    expect(await failuresOf(appointment)).toMatchObject({ failed_count: 6, locked_at: null });
  });

  it('nothing stored of it can be made again with the server’s key and the address', async () => {
    const appointment = await seed();
    const visitor = pages.visitor({ 'x-forwarded-for': '198.51.100.77' });
    await visitor.open(appointment.link.token);
    await guess(visitor, 1);
    const { rows } = await database.admin.query(
      'select source from source_failures where link_id = $1',
      [appointment.link.id],
    );
    const key = await pages.keys.symmetricKey('source');
    expect(rows).toEqual([{ source: expect.any(Buffer) }]);
    expect(rows[0].source).not.toEqual(sourceHash(key, '198.51.100.77'));
  });

  it('the source is heard again when the pause is over, with five tries anew', async () => {
    const appointment = await seed();
    const guesser = await visitorOf(appointment);
    await guess(guesser, 5);
    const { rows } = await database.admin.query(
      `select paused_until - clock_timestamp() between interval '14 minutes' and interval '15 minutes' as right
       from source_failures where link_id = $1`,
      [appointment.link.id],
    );
    expect(rows).toEqual([{ right: true }]);
    await endPauses(appointment);
    await guess(guesser, 4);
    expect((await guesser.prove(seededPin)).location).toBe('/details');
    expect(await failuresOf(appointment)).toMatchObject({ failed_count: 9 });
  });
});

describe('after ten wrong answers', () => {
  it('everyone sees the locked page with the help code, and the right PIN opens nothing', async () => {
    const appointment = await seed();
    const owner = await visitorOf(appointment);
    expect(await guess(await visitorOf(appointment), 5)).toEqual(Array(5).fill('prove'));
    expect(await guess(await visitorOf(appointment), 5)).toEqual([
      ...Array(4).fill('prove'),
      'locked',
    ]);
    const stored = await failuresOf(appointment);
    expect(stored.help_code).toMatch(/^[3-9A-Z]{6}$/);

    const right = await owner.prove(seededPin);
    const wrong = await owner.prove(wrongPin(77));
    const returning = await owner.get('/prove');
    for (const answer of [right, wrong, returning]) {
      expect([answer.status, answer.step]).toEqual([200, 'locked']);
      expect(answer.body).toContain(stored.help_code);
      expect(answer.setCookies).toEqual([]);
    }
    expect(right.body).toBe(wrong.body);
    expect((await owner.get('/details')).step).toBeUndefined();
  });

  it('from one source alone, going on through its pause, as well', async () => {
    const appointment = await seed();
    const steps = await guess(await visitorOf(appointment), 12);
    expect(steps).toEqual([...Array(9).fill('prove'), 'locked', 'locked', 'locked']);
    expect(await failuresOf(appointment)).toMatchObject({ failed_count: 10 });
  });

  it('the booking system is told once, and the journal holds the lock', async () => {
    const appointment = await seed();
    await guess(await visitorOf(appointment), 14);
    expect(await eventsOf(appointment)).toEqual([
      {
        type: 'reminder.needs_reissue',
        reference: appointment.reference,
        reminder_id: appointment.link.reminderId,
        reason_code: 'factor_locked',
        mode: 'test',
      },
    ]);
    const lines = (await pages.journal()).map((line) => JSON.parse(line));
    expect(lines.filter((line) => line.appointmentId === appointment.id)).toEqual([
      { at: expect.any(String), kind: 'lock_out', appointmentId: appointment.id, factor: 'pin' },
    ]);
  });

  it('a newer version changes nothing: counters and lock survive it', async () => {
    const appointment = await seed();
    const owner = await visitorOf(appointment);
    await guess(await visitorOf(appointment), 9);
    await seedNewVersion(pages.seed, { seeded: appointment, version: 2, request: seededRequest });
    expect(await guess(await visitorOf(appointment), 1)).toEqual(['locked']);
    await seedNewVersion(pages.seed, { seeded: appointment, version: 3, request: seededRequest });
    expect((await owner.prove(seededPin)).step).toBe('locked');
  });

  it('holds for all links of the appointment', async () => {
    const appointment = await seedAppointment(pages.seed, {
      organisationId,
      channels: ['sms', 'sms'],
    });
    await guess(await visitorOf(appointment), 10);
    const [, other] = appointment.links;
    const visitor = pages.visitor();
    expect((await visitor.open(other?.token ?? '')).step).toBe('locked');
  });

  it('opens again once a notice has cleared the lock', async () => {
    const appointment = await seed();
    await guess(await visitorOf(appointment), 10);
    await database.admin.query('delete from factor_failures where appointment_id = $1', [
      appointment.id,
    ]);
    const owner = await visitorOf(appointment);
    expect((await owner.get('/prove')).step).toBe('prove');
    expect((await owner.prove(seededPin)).location).toBe('/details');
  });
});

describe('guesses that arrive together', () => {
  it('all count: fifty wrong ones at once lock, once, and the right one opens nothing', async () => {
    const appointment = await seed();
    const owner = await visitorOf(appointment);
    const visitors = await Promise.all(Array.from({ length: 50 }, () => visitorOf(appointment)));
    const answers = await Promise.all(
      visitors.map((visitor, number) => visitor.prove(wrongPin(number))),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const stored = await failuresOf(appointment);
    expect(stored.failed_count).toBeGreaterThanOrEqual(10);
    expect(stored.locked_at).not.toBeNull();
    expect(await eventsOf(appointment)).toHaveLength(1);
    expect((await owner.prove(seededPin)).step).toBe('locked');
  });

  it('from one source, count ten as well', async () => {
    const appointment = await seed();
    const visitor = await visitorOf(appointment);
    await Promise.all(Array.from({ length: 50 }, (_, number) => visitor.prove(wrongPin(number))));
    expect(await failuresOf(appointment)).toMatchObject({ locked_at: expect.any(Date) });
    expect((await visitor.prove(seededPin)).step).toBe('locked');
  });

  it('take nothing from a patient whose right PINs arrive twice', async () => {
    const appointment = await seed();
    const visitor = await visitorOf(appointment);
    const twice = await Promise.all([visitor.prove(seededPin), visitor.prove(seededPin)]);
    expect(twice.map(({ location }) => location)).toEqual(['/details', '/details']);
    expect(await failuresOf(appointment)).toMatchObject({ failed_count: 0, locked_at: null });
  });
});
