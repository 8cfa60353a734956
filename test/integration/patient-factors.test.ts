import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppointmentRequest, Recipient } from '../../src/domain/appointment.ts';
import type { Channel } from '../../src/domain/channel.ts';
import type { Factor } from '../../src/domain/factor.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  type PageAnswer,
  type PatientPages,
  startPatientPages,
  type Visitor,
} from '../support/patient-pages.ts';
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

const birthDate = '1980-02-14';
const email = 'lea@example.org';
let phones = 0;
/** A phone that no other appointment of this file has. */
function newPhone(): string {
  phones += 1;
  return `+3363998${String(phones).padStart(4, '0')}`;
}

interface Combination {
  readonly name: string;
  readonly channel: Channel;
  readonly recipient: Pick<Recipient, 'pin' | 'birthDate' | 'email'>;
  readonly first: 'pin' | 'birth-day' | 'send';
  readonly factors: readonly Factor[];
  /** By email the phone is left out where no code is meant. */
  readonly phone?: false;
}

const combinations: readonly Combination[] = [
  {
    name: 'SMS and PIN',
    channel: 'sms',
    recipient: { pin: seededPin },
    first: 'pin',
    factors: ['pin'],
  },
  {
    name: 'SMS and birth date',
    channel: 'sms',
    recipient: { birthDate },
    first: 'birth-day',
    factors: ['birth_date'],
  },
  {
    name: 'SMS, PIN and birth date',
    channel: 'sms',
    recipient: { pin: seededPin, birthDate },
    first: 'pin',
    factors: ['pin', 'birth_date'],
  },
  {
    name: 'email and code',
    channel: 'email',
    recipient: { email },
    first: 'send',
    factors: ['code'],
  },
  {
    name: 'email and PIN',
    channel: 'email',
    recipient: { email, pin: seededPin },
    first: 'pin',
    factors: ['pin'],
    phone: false,
  },
  {
    name: 'email and birth date',
    channel: 'email',
    recipient: { email, birthDate },
    first: 'birth-day',
    factors: ['birth_date'],
    phone: false,
  },
  {
    name: 'email, PIN and birth date',
    channel: 'email',
    recipient: { email, pin: seededPin, birthDate },
    first: 'pin',
    factors: ['pin', 'birth_date'],
    phone: false,
  },
  {
    name: 'email, code and PIN',
    channel: 'email',
    recipient: { email, pin: seededPin },
    first: 'pin',
    factors: ['pin', 'code'],
  },
  {
    name: 'email, code and birth date',
    channel: 'email',
    recipient: { email, birthDate },
    first: 'birth-day',
    factors: ['code', 'birth_date'],
  },
  {
    name: 'email and all three',
    channel: 'email',
    recipient: { email, pin: seededPin, birthDate },
    first: 'pin',
    factors: ['pin', 'code', 'birth_date'],
  },
];

function requestOf(
  one: Combination,
  changes: Partial<AppointmentRequest> = {},
): AppointmentRequest {
  const contact = one.phone === false ? {} : { phone: newPhone() };
  return {
    ...seededRequest,
    recipient: { ...contact, language: 'en', ...one.recipient },
    ...changes,
  };
}

const seed = (one: Combination, request = requestOf(one), owner = organisationId) =>
  seedAppointment(pages.seed, { organisationId: owner, request, channels: [one.channel] });

let sources = 0;
function newVisitor(): Visitor {
  sources += 1;
  return pages.visitor({
    'x-forwarded-for': `203.0.${Math.floor(sources / 250)}.${sources % 250}`,
  });
}

async function visit({
  link,
}: SeededAppointment): Promise<{ visitor: Visitor; question: PageAnswer }> {
  const visitor = newVisitor();
  return { visitor, question: await visitor.open(link.token) };
}

const lastCode = () => /\b(\d{6})\b/.exec(pages.phone.sends.at(-1)?.text ?? '')?.[1] ?? '';

/** Proves with this factor alone, its birth date before a code where one is known. */
async function prove(visitor: Visitor, one: Combination, factor: Factor): Promise<PageAnswer> {
  if (factor === 'pin') return visitor.prove(seededPin);
  if (factor === 'birth_date') return visitor.proveBirthDate(birthDate);
  if (one.recipient.birthDate) {
    expect((await visitor.proveBirthDate(birthDate)).location).toBe('/details');
    await visitor.get('/code/send');
  }
  expect((await visitor.askForCode()).location).toBe('/code');
  expect((await visitor.get('/code')).step).toBe('code');
  return visitor.proveCode(lastCode());
}

async function proveWrongly(visitor: Visitor, factor: Factor): Promise<PageAnswer> {
  if (factor === 'pin') return visitor.prove('593827');
  if (factor === 'birth_date') return visitor.proveBirthDate('1980-02-15');
  return visitor.proveCode(lastCode() === '593827' ? '593828' : '593827');
}

const everyFactor = combinations.flatMap((one) =>
  one.factors.map((factor) => ({ ...one, factor })),
);
const secrets = (request: AppointmentRequest) => {
  const { practitioner, specialty, place, instructions, reason, for: whom } = request.details;
  return [practitioner, specialty, place?.name, instructions, reason]
    .map(String)
    .concat(`>${whom}<`);
};

describe.each(combinations)('a link by $name', (one) => {
  it('asks for what it can, and shows kinds of factors and nothing else', async () => {
    const request = requestOf(one);
    const { question } = await visit(await seed(one, request));
    expect([question.status, question.step]).toEqual([200, 'prove']);
    if (one.first === 'send') expect(question.body).toContain('action="/code/send"');
    else expect(question.body).toContain(`name="${one.first}"`);
    for (const secret of [...secrets(request), request.recipient.phone ?? email, email]) {
      expect(question.body).not.toContain(secret);
    }
    const codeMayBeAsked = one.factors.includes('code') && !one.recipient.birthDate;
    expect(question.body.includes('/code/send')).toBe(codeMayBeAsked);
  });

  it('leads nowhere once its contact point or all its factors are gone', async () => {
    const gone = await seed(one);
    const bare = await seed(one);
    const visitors = [await visit(gone), await visit(bare)];
    const other = one.channel === 'sms' ? { phone: newPhone() } : { email: 'other@example.org' };
    const request = requestOf(one);
    await seedNewVersion(pages.seed, {
      ...{ seeded: gone, version: 2 },
      request: { ...request, recipient: { ...request.recipient, ...other } },
    });
    await seedNewVersion(pages.seed, {
      ...{ seeded: bare, version: 2 },
      request: { ...request, recipient: one.channel === 'sms' ? { phone: newPhone() } : { email } },
    });
    const unknown = await pages.visitor({ 'accept-language': 'en' }).get(`/a${'A'.repeat(67)}`);
    for (const { visitor } of visitors) {
      for (const path of ['/prove', '/prove/pin', '/prove/birth-date', '/code', '/code/send']) {
        const answer = await visitor.get(path);
        expect([answer.status, answer.body]).toEqual([404, unknown.body]);
      }
      expect((await visitor.prove(seededPin)).status).toBe(404);
      expect((await visitor.proveBirthDate(birthDate)).status).toBe(404);
      expect((await visitor.askForCode()).status).toBe(404);
    }
  });
});

describe.each(everyFactor)('behind a link by $name, the factor $factor', (one) => {
  const { factor } = one;
  const opensAll = factor !== 'birth_date';

  it('opens what it should, and not a word more', async () => {
    const request = requestOf(one);
    const { visitor } = await visit(await seed(one, request));
    expect((await prove(visitor, one, factor)).location).toBe('/details');
    const shown = await visitor.get('/details');
    expect([shown.status, shown.step]).toEqual([200, 'details']);
    expect(shown.body).toContain('10:30');
    expect(shown.body).toContain('France time');
    for (const secret of secrets(request)) expect(shown.body.includes(secret)).toBe(opensAll);
  });

  it.each(['moved', 'cancelled'] as const)('says that it was %s', async (state) => {
    const request = requestOf(one);
    const appointment = await seed(one, request);
    const { visitor } = await visit(appointment);
    const moved = state === 'moved';
    await seedNewVersion(pages.seed, {
      ...{ seeded: appointment, version: 2, moved },
      request: moved ? request : { ...request, status: 'cancelled' },
    });
    await prove(visitor, one, factor);
    const shown = await visitor.get('/details');
    expect(shown.step).toBe('details');
    expect(shown.body).toContain(moved ? 'has moved' : 'is cancelled');
  });

  it('says the same to a wrong answer as to a right one during a pause', async () => {
    const appointment = await seed(one);
    const { visitor } = await visit(appointment);
    if (factor === 'code') await sendCodeFirst(visitor, one);
    const wrong = await proveWrongly(visitor, factor);
    expect(wrong.status).toBe(200);
    await database.admin.query(
      `update source_failures set paused_until = clock_timestamp() + interval '1 hour'
       where link_id = $1`,
      [appointment.link.id],
    );
    const right =
      factor === 'code' ? await visitor.proveCode(lastCode()) : await prove(visitor, one, factor);
    expect([right.status, words(right.body)]).toEqual([200, words(wrong.body)]);
    expect(right.setCookies).toEqual(wrong.setCookies);
  });

  it('locks after as many wrong answers as it may bear, with a help code and the other ways', async () => {
    const appointment = await seed(one);
    const max = factor === 'birth_date' ? 5 : 10;
    const { visitor } = await visit(appointment);
    if (factor === 'code') await sendCodeFirst(visitor, one);
    for (let time = 1; time < max; time += 1) {
      expect((await proveWrongly(visitor, factor)).step).not.toBe('locked');
    }
    const locked = await proveWrongly(visitor, factor);
    expect(locked.step).toBe('locked');
    const { rows } = await database.admin.query(
      'select factor, failed_count, help_code from factor_failures where appointment_id = $1 and locked_at is not null',
      [appointment.id],
    );
    expect(rows).toEqual([{ factor, failed_count: max, help_code: expect.any(String) }]);
    expect(locked.body).toContain(rows[0].help_code);
    // The right answer opens nothing any more, here or in another browser.
    const again =
      factor === 'code' ? await visitor.proveCode(lastCode()) : await prove(visitor, one, factor);
    expect(again.step).toBe('locked');
    const other = one.factors.find((each) => each !== factor && each !== 'code');
    if (other && factor !== 'code') {
      const path = other === 'pin' ? '/prove/pin' : '/prove/birth-date';
      expect(locked.body).toContain(`href="${path}"`);
      const elsewhere = await visit(appointment);
      await elsewhere.visitor.get(path);
      expect((await prove(elsewhere.visitor, one, other)).location).toBe('/details');
    }
  });
});

async function sendCodeFirst(visitor: Visitor, one: Combination): Promise<void> {
  if (one.recipient.birthDate) {
    await visitor.proveBirthDate(birthDate);
    await visitor.get('/code/send');
  }
  expect((await visitor.askForCode()).location).toBe('/code');
}

describe('a birth date', () => {
  const [, bySms] = combinations as [Combination, Combination];

  it('opens everything where the organisation accepts it', async () => {
    const trusting = await database.createOrganisation({ birth_date_opens_all: true });
    const request = requestOf(bySms);
    const { visitor } = await visit(await seed(bySms, request, trusting));
    await visitor.proveBirthDate(birthDate);
    const shown = await visitor.get('/details');
    for (const secret of secrets(request)) expect(shown.body).toContain(secret);
  });

  it('leads on to the PIN in the same session, under a new id, and never past half an hour', async () => {
    const one = combinations[2] as Combination;
    const { visitor } = await visit(await seed(one));
    await visitor.proveBirthDate(birthDate);
    const session = () => visitor.cookies.get('__Host-session');
    const time = await visitor.get('/details');
    expect(time.body).toContain('href="/prove/pin"');
    for (let minutes = 0; minutes < 27; minutes += 9) {
      pages.advance({ minutes: 9 });
      await visitor.get('/details');
    }
    const before = session();
    expect((await visitor.get('/prove')).body).toContain('name="pin"');
    expect((await visitor.get('/prove/birth-date')).location).toBe('/prove');
    expect((await visitor.prove(seededPin)).location).toBe('/details');
    expect(session()).not.toBe(before);
    expect((await visitor.get('/details')).body).toContain('Quenouille');
    expect((await visitor.get('/prove')).location).toBe('/details');
    pages.advance({ minutes: 4 });
    expect((await visitor.get('/details')).step).toBeUndefined();
  });

  it('is asked for again, with what was typed, when it only has to be mended', async () => {
    const { visitor, question } = await visit(await seed(bySms));
    const form = /name="form" value="([^"]+)"/.exec(question.body)?.[1] ?? '';
    const fields = { form, 'birth-day': '7', 'birth-month': '', 'birth-year': '1951' };
    const mend = await visitor.post('/prove', fields);
    expect(mend.body).toContain('href="#birth-month">The date of birth must have a month</a>');
    expect(mend.body).toContain('value="1951"');
    const wrong = await visitor.proveBirthDate('1951-07-07');
    expect(wrong.body).not.toContain('1951"');
    const opened = await visitor.post('/prove', {
      form,
      ...{ 'birth-day': '14', 'birth-month': '2', 'birth-year': '1980' },
    });
    expect(opened.location).toBe('/details');
  });

  it('typed right gives nobody more tries at the PIN', async () => {
    const one = combinations[2] as Combination;
    const appointment = await seed(one);
    const { visitor } = await visit(appointment);
    await visitor.proveBirthDate(birthDate);
    for (let time = 0; time < 4; time += 1) {
      await visitor.get('/prove/pin');
      await visitor.prove('593827');
    }
    const again = pages.visitor({
      'x-forwarded-for': `203.0.${Math.floor(sources / 250)}.${sources % 250}`,
    });
    await again.open(appointment.link.token);
    await again.proveBirthDate(birthDate);
    await again.get('/prove/pin');
    await again.prove('593827');
    expect(words((await again.prove(seededPin)).body)).toContain('That did not work');
  });

  it.each([
    { factor: 'pin' as const, limit: 10 },
    { factor: 'birth_date' as const, limit: 5 },
  ])(
    'and PIN: twenty guesses of $factor at once never open more than $limit tries',
    async ({ factor, limit }) => {
      const one = combinations[2] as Combination;
      const appointment = await seed(one);
      const owner = await visit(appointment);
      const visitors = await Promise.all(Array.from({ length: 20 }, () => visit(appointment)));
      const answers = await Promise.all(
        visitors.map(({ visitor }) => proveWrongly(visitor, factor)),
      );
      expect(answers.filter(({ location }) => location !== undefined)).toEqual([]);
      const { rows } = await database.admin.query(
        'select failed_count >= $2 as full, locked_at is not null as locked from factor_failures where appointment_id = $1 and factor = $3',
        [appointment.id, limit, factor],
      );
      expect(rows).toEqual([{ full: true, locked: true }]);
      const right =
        factor === 'pin' ? owner.visitor.prove(seededPin) : owner.visitor.proveBirthDate(birthDate);
      expect((await right).step).toBe('locked');
    },
  );
});

/** The page without what differs from one visit to the next. */
function words(body: string): string {
  return body.replaceAll(/name="form" value="[^"]+"/g, '');
}
