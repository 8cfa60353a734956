import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import type { SendOutcome } from '../../src/transport/transport.ts';
import { keepPhoneDays } from '../../src/usecases/keep-phone-days.ts';
import { recordOptOut } from '../../src/usecases/record-opt-out.ts';
import { sendCode } from '../../src/usecases/send-code.ts';
import { silentLog } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { acceptedOutcome, type FakeTransport, fakeTransport } from '../support/fake-transport.ts';
import { type PatientPages, startPatientPages, type Visitor } from '../support/patient-pages.ts';
import {
  type SeededAppointment,
  seedAppointment,
  seededRequest,
} from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let phone: FakeTransport;
let organisationId: string;
/** What the provider answers next; what it accepts when nothing is said. */
let answers: (() => SendOutcome | Promise<SendOutcome>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  phone = fakeTransport(() => (answers.shift() ?? acceptedOutcome)());
  pages = await startPatientPages(database, {}, phone);
  organisationId = await database.createOrganisation();
});
beforeEach(() => {
  answers = [];
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

let phones = 0;
function newPhone(): string {
  phones += 1;
  return `+3363998${String(phones).padStart(4, '0')}`;
}

interface Recipient {
  readonly phone?: string;
  readonly birthDate?: string;
  readonly pin?: string;
}
function seed({
  phone: number = newPhone(),
  ...factors
}: Recipient = {}): Promise<SeededAppointment> {
  const recipient = { phone: number, email: 'lea@example.org', language: 'en', ...factors };
  const request = { ...seededRequest, recipient };
  return seedAppointment(pages.seed, { organisationId, request, channels: ['email', 'email'] });
}

let sources = 0;
async function open({ link }: Pick<SeededAppointment, 'link'>): Promise<Visitor> {
  sources += 1;
  const visitor = pages.visitor({ 'x-forwarded-for': `203.0.113.${sources}` });
  await visitor.open(link.token);
  return visitor;
}

const codeIn = (text = '') => /\b(\d{6})\b/.exec(text)?.[1] ?? '';
const sentTo = (number: string) => phone.sends.filter(({ to }) => to === number);
const notCode = (code: string) => (code === '593827' ? '593828' : '593827');

/** Makes what was sent for a link long ago enough for another code. */
const passPause = ({ link }: SeededAppointment, seconds = 31) =>
  database.admin.query(
    `update codes set created_at = created_at - make_interval(secs => $2) where link_id = $1`,
    [link.id, seconds],
  );

async function codesOf({ link }: SeededAppointment) {
  const { rows } = await database.admin.query(
    'select used_at is not null as used, withdrawn_at is not null as withdrawn from codes where link_id = $1 order by created_at',
    [link.id],
  );
  return rows;
}

/** Asks for a code until one comes, and reads it from the phone. */
async function getCode(visitor: Visitor, appointment: SeededAppointment): Promise<string> {
  const before = phone.sends.length;
  await passPause(appointment);
  expect((await visitor.askForCode()).location).toBe('/code');
  expect(phone.sends.length).toBe(before + 1);
  return codeIn(phone.sends.at(-1)?.text);
}

describe('a code', () => {
  it('goes out when the button is pressed and at no other time, with the host it is for', async () => {
    const number = newPhone();
    const appointment = await seed({ phone: number });
    const visitor = await open(appointment);
    for (const path of ['/prove', '/code', '/code/send', '/prove']) await visitor.get(path);
    await visitor.post('/code/send', {});
    await visitor.post('/code/send', { form: 'forged' });
    expect(sentTo(number)).toEqual([]);

    await visitor.get('/code/send');
    expect((await visitor.askForCode()).location).toBe('/code');
    const [sms, ...more] = sentTo(number);
    expect(more).toEqual([]);
    expect(sms?.text).toMatch(/^[^@#]*\b\d{6}\b[^@#]*\n\n@r\.example #\d{6}$/);
    expect(sms?.text).toContain('Your code');
    expect(sms?.validitySeconds).toBe(600);
    const field = (await visitor.get('/code')).body;
    expect(field).toContain('autocomplete="one-time-code"');
    expect(field).not.toContain(number);
  });

  it('is not asked for by somebody who has not typed the birth date that is known', async () => {
    const number = newPhone();
    const appointment = await seed({ phone: number, birthDate: '1980-02-14' });
    const visitor = await open(appointment);
    expect((await visitor.get('/code/send')).location).toBe('/prove');
    expect((await visitor.askForCode()).location).toBe('/prove');
    await visitor.proveBirthDate('1980-02-15');
    expect((await visitor.askForCode()).location).toBe('/prove');
    expect((await visitor.proveCode('123456')).location).toBe('/prove');
    const { rows } = await database.admin.query(
      `select factor from factor_failures where appointment_id = $1`,
      [appointment.id],
    );
    expect([sentTo(number), rows]).toEqual([[], [{ factor: 'birth_date' }]]);

    await visitor.proveBirthDate('1980-02-14');
    expect((await visitor.get('/details')).body).toContain('href="/code/send"');
    await visitor.get('/code/send');
    expect((await visitor.askForCode()).location).toBe('/code');
    expect((await visitor.proveCode(codeIn(sentTo(number)[0]?.text))).location).toBe('/details');
    expect((await visitor.get('/details')).body).toContain('Quenouille');
  });

  it('is stored as an HMAC, in no clear form anywhere', async () => {
    const number = newPhone();
    const appointment = await seed({ phone: number });
    const code = await getCode(await open(appointment), appointment);
    const { rows } = await database.admin.query('select c::text as row from codes c');
    const { rows: counts } = await database.admin.query(
      'select p::text as row from phone_day_counts p',
    );
    for (const { row } of [...rows, ...counts]) {
      expect(row).not.toContain(code);
      expect(row).not.toContain(Buffer.from(code).toString('hex'));
      expect(row).not.toContain(number.slice(1));
      expect(row).not.toContain(Buffer.from(number.slice(1)).toString('hex'));
    }
  });

  it('is another one each time, of six digits of which none can be foretold', async () => {
    const number = newPhone();
    for (let day = 0; day < 4; day += 1) {
      const links = await Promise.all(Array.from({ length: 6 }, () => seed({ phone: number })));
      const visitors = await Promise.all(links.map(open));
      await Promise.all(visitors.map((visitor) => visitor.askForCode()));
      await database.admin.query('truncate phone_day_counts');
    }
    const codes = sentTo(number).map(({ text }) => codeIn(text));
    expect(codes).toHaveLength(24);
    // That two of 24 are alike by chance happens once in four thousand runs, and five pairs never.
    expect(new Set(codes).size).toBeGreaterThan(20);
    for (let place = 0; place < 6; place += 1) {
      const digits = new Set(codes.map((code) => code[place]));
      expect(digits.size, `digit ${place + 1} of ${codes.join(' ')}`).toBeGreaterThan(3);
    }
  });

  it('lives for ten minutes', async () => {
    const appointment = await seed();
    await getCode(await open(appointment), appointment);
    const { rows } = await database.admin.query(
      `select round(extract(epoch from expires_at - created_at))::int as seconds from codes
       where link_id = $1`,
      [appointment.link.id],
    );
    expect(rows).toEqual([{ seconds: 600 }]);
  });
});

describe('the answer to a wrong code', () => {
  it('is the same for a wrong, expired, used, replaced and strange one, of another browser or link', async () => {
    const appointment = await seed();
    const visitor = await open(appointment);
    const first = await getCode(visitor, appointment);
    const wrong = await visitor.proveCode(notCode(first));
    const said = words(wrong.body);
    expect([wrong.status, wrong.step]).toEqual([200, 'code']);

    // Replaced by a newer one.
    const second = await getCode(visitor, appointment);
    if (second !== first) expect(words((await visitor.proveCode(first)).body)).toBe(said);

    // Typed into another browser, and into a session that never asked.
    const elsewhere = await open(appointment);
    expect(words((await elsewhere.proveCode(second)).body)).toBe(said);

    // Of another link of the same appointment.
    const [, otherLink] = appointment.links;
    if (!otherLink) throw new Error('no second link');
    const other = await open({ link: otherLink });
    expect(words((await other.proveCode(second)).body)).toBe(said);

    // Expired.
    await database.admin.query(
      'update codes set expires_at = clock_timestamp() where link_id = $1',
      [appointment.link.id],
    );
    expect(words((await visitor.proveCode(second)).body)).toBe(said);

    // Used, by the same browser that goes back.
    const fresh = await seed();
    const user = await open(fresh);
    const code = await getCode(user, fresh);
    const cookies = new Map(user.cookies);
    expect((await user.proveCode(code)).location).toBe('/details');
    user.cookies.clear();
    for (const [name, value] of cookies) user.cookies.set(name, value);
    await database.admin.query("update codes set used_at = used_at - interval '6 seconds'");
    await user.get('/prove');
    expect(words((await user.proveCode(code)).body)).toBe(said);
  });

  it('costs no try when it cannot be a code at all', async () => {
    const appointment = await seed();
    const visitor = await open(appointment);
    await getCode(visitor, appointment);
    for (const text of ['', '12345', '1234567', 'abcdef']) {
      expect((await visitor.proveCode(text)).step).toBe('code');
    }
    const { rows } = await database.admin.query(
      'select 1 from factor_failures where appointment_id = $1',
      [appointment.id],
    );
    expect(rows).toEqual([]);
  });
});

describe('however fast and often the button is pressed', () => {
  it('two presses at once give one SMS', async () => {
    const number = newPhone();
    const visitor = await open(await seed({ phone: number }));
    const pressed = await Promise.all([visitor.askForCode(), visitor.askForCode()]);
    expect(sentTo(number)).toHaveLength(1);
    expect(pressed.map(({ location, step }) => location ?? step).sort()).toEqual(['/code', 'code']);
    expect((await visitor.proveCode(codeIn(sentTo(number)[0]?.text))).location).toBe('/details');
  });

  it('twenty presses from as many browsers give one SMS in half a minute, and three in all', async () => {
    const number = newPhone();
    const appointment = await seed({ phone: number });
    const visitors = await Promise.all(Array.from({ length: 20 }, () => open(appointment)));
    for (let round = 1; round <= 5; round += 1) {
      await Promise.all(visitors.map((visitor) => visitor.askForCode()));
      expect(sentTo(number)).toHaveLength(Math.min(round, 3));
      // Half a minute is not over yet.
      await passPause(appointment, 25);
      await visitors[0]?.askForCode();
      expect(sentTo(number)).toHaveLength(Math.min(round, 3));
      await passPause(appointment, 6);
    }
    const late = await open(appointment);
    const refused = await late.askForCode();
    expect([refused.status, refused.step]).toEqual([200, 'prove']);
    expect(refused.body).toContain('We cannot send another code for now');
    expect(refused.body).toContain('Call the place where you booked');
    expect(refused.body).not.toContain('<button>Send me a code');
  });

  it('a phone gets six in a day, whatever the appointments', async () => {
    const number = newPhone();
    const appointments = await Promise.all(
      Array.from({ length: 8 }, () => seed({ phone: number })),
    );
    const visitors = await Promise.all(appointments.map(open));
    const pressed = await Promise.all(visitors.map((visitor) => visitor.askForCode()));
    expect(sentTo(number)).toHaveLength(6);
    expect(pressed.filter(({ location }) => location === '/code')).toHaveLength(6);
    // The phone of somebody else is not theirs.
    const other = await seed();
    await getCode(await open(other), other);
  });
});

describe('when the hand-over fails', () => {
  it('a refusal is said, costs none of the three, and another way is offered', async () => {
    const number = newPhone();
    const appointment = await seed({ phone: number, pin: '482913' });
    const visitor = await open(appointment);
    for (let time = 0; time < 4; time += 1) {
      answers = [() => ({ kind: 'refused', permanent: false, reason: 'rate_limited' })];
      await passPause(appointment);
      const refused = await visitor.askForCode();
      expect([refused.status, refused.step]).toEqual([200, 'prove']);
      expect(refused.body).toContain('We could not send the code');
      expect(refused.body).toContain('href="/prove/pin"');
    }
    expect((await codesOf(appointment)).every(({ withdrawn }) => withdrawn)).toBe(true);
    expect((await visitor.get('/code')).location).toBe('/code/send');
    const { rows } = await database.admin.query(
      'select max(sent_count) as most from phone_day_counts',
    );
    expect(rows[0].most).toBeLessThanOrEqual(6);
    for (let time = 0; time < 3; time += 1) await getCode(visitor, appointment);
  });

  it('a refused one still makes the next wait', async () => {
    const number = newPhone();
    const visitor = await open(await seed({ phone: number }));
    answers = [() => ({ kind: 'refused', permanent: false, reason: 'provider_down' })];
    await visitor.askForCode();
    expect((await visitor.askForCode()).body).toContain('A code was asked for a moment ago');
    expect(sentTo(number)).toHaveLength(1);
  });

  it('a phone that said STOP is told of honestly', async () => {
    const visitor = await open(await seed());
    answers = [() => ({ kind: 'refused', permanent: true, reason: 'opted_out' })];
    expect((await visitor.askForCode()).body).toContain('answered STOP');
  });

  it('a phone that said stop on our page gets one all the same, for its reader asks for it', async () => {
    const number = newPhone();
    const visitor = await open(await seed({ phone: number }));
    await recordOptOut(
      {
        ...{ database: database.open('patient', 1), keys: pages.keys },
        journal: { append: async () => {} },
      },
      { channel: 'sms', contact: new Secret(number), source: 'patient_page' },
    );
    await visitor.askForCode();
    expect(sentTo(number)).toHaveLength(1);
  });

  it('an uncertain one counts, and opens if it arrives after all', async () => {
    const number = newPhone();
    const appointment = await seed({ phone: number });
    const visitor = await open(appointment);
    answers = [() => ({ kind: 'uncertain', reason: 'timeout' })];
    const unsure = await visitor.askForCode();
    expect([unsure.status, unsure.step]).toEqual([200, 'code']);
    expect(unsure.body).toContain('not sure that your code was sent');
    expect(await codesOf(appointment)).toEqual([{ used: false, withdrawn: false }]);
    expect((await visitor.proveCode(codeIn(sentTo(number)[0]?.text))).location).toBe('/details');
    expect(await codesOf(appointment)).toEqual([{ used: true, withdrawn: false }]);
  });

  it('a process that dies between counting and sending has cost a code, and sends none more', async () => {
    const number = newPhone();
    const appointment = await seed({ phone: number });
    const visitor = await open(appointment);
    answers = Array.from({ length: 3 }, () => () => Promise.reject(new Error('killed')));
    for (let time = 0; time < 3; time += 1) {
      expect((await visitor.askForCode()).status).toBe(500);
      await passPause(appointment);
    }
    expect(await codesOf(appointment)).toHaveLength(3);
    expect((await visitor.get('/code/send')).step).toBe('prove');
    expect((await visitor.askForCode()).body).toContain('We cannot send another code for now');
    expect(sentTo(number)).toHaveLength(3);
  });
});

describe('a right code', () => {
  it('opens when its button is pressed twice, and is used up all the same', async () => {
    const appointment = await seed();
    const visitor = await open(appointment);
    const code = await getCode(visitor, appointment);
    const cookies = new Map(visitor.cookies);
    const twice = await Promise.all([visitor.proveCode(code), visitor.proveCode(code)]);
    expect(twice.map(({ location }) => location)).toEqual(['/details', '/details']);
    expect(await codesOf(appointment)).toEqual([{ used: true, withdrawn: false }]);

    await database.admin.query("update codes set used_at = used_at - interval '6 seconds'");
    visitor.cookies.clear();
    for (const [name, value] of cookies) visitor.cookies.set(name, value);
    expect((await visitor.proveCode(code)).step).toBe('code');
  });

  it('still opens when the link was opened again in the same browser, and not after another link', async () => {
    const [appointment, other] = [await seed(), await seed()];
    const visitor = await open(appointment);
    const code = await getCode(visitor, appointment);
    await visitor.open(other.link.token);
    await visitor.open(appointment.link.token);
    expect((await visitor.proveCode(code)).step).toBe('code');
    const second = await getCode(visitor, appointment);
    await visitor.open(appointment.link.token);
    expect((await visitor.get('/code/send')).body).toContain('Enter the code that you got');
    expect((await visitor.proveCode(second)).location).toBe('/details');
  });

  it('likewise behind a birth date, which is asked for again', async () => {
    const birthDate = '1980-02-14';
    const [appointment, other] = [await seed({ birthDate }), await seed()];
    const visitor = await open(appointment);
    const proveBirthDate = async () => {
      await visitor.get('/prove/birth-date');
      expect((await visitor.proveBirthDate(birthDate)).location).toBe('/details');
      await visitor.get('/code/send');
    };
    await proveBirthDate();
    const code = await getCode(visitor, appointment);
    await visitor.open(appointment.link.token);
    expect((await visitor.get('/code/send')).location).toBe('/prove');
    await proveBirthDate();
    expect((await visitor.get('/code/send')).body).toContain('Enter the code that you got');
    await visitor.open(other.link.token);
    await visitor.open(appointment.link.token);
    await proveBirthDate();
    expect((await visitor.proveCode(code)).step).toBe('code');
    const second = await getCode(visitor, appointment);
    await visitor.open(appointment.link.token);
    await proveBirthDate();
    expect((await visitor.proveCode(second)).location).toBe('/details');
  });

  it('is not used up by a pause', async () => {
    const appointment = await seed();
    const visitor = await open(appointment);
    const code = await getCode(visitor, appointment);
    for (let time = 0; time < 5; time += 1) await visitor.proveCode(notCode(code));
    expect((await visitor.proveCode(code)).step).toBe('code');
    await database.admin.query(
      'update source_failures set paused_until = clock_timestamp() where link_id = $1',
      [appointment.link.id],
    );
    expect((await visitor.proveCode(code)).location).toBe('/details');
  });

  it('among twenty wrong ones at once opens nothing once ten were counted', async () => {
    const appointment = await seed();
    const visitor = await open(appointment);
    const code = await getCode(visitor, appointment);
    await Promise.all(Array.from({ length: 20 }, () => visitor.proveCode(notCode(code))));
    expect((await visitor.proveCode(code)).step).toBe('locked');
    expect(await codesOf(appointment)).toEqual([{ used: false, withdrawn: false }]);
    expect((await visitor.askForCode()).step).toBe('locked');
  });
});

describe('a text with a code that is not the neutral one', () => {
  it('is never handed over, and counts for nothing', async () => {
    // Too long for one SMS, as what a changed renderer adds would make it.
    const linkHostUrl = `https://${Array(3).fill('x'.repeat(60)).join('.')}.example`;
    const thrown: unknown[] = [];
    const guarded: PatientPages = await startPatientPages(database, {
      sendCode: (input) =>
        sendCode(
          {
            ...{ database: database.open('patient'), keys: guarded.keys, log: silentLog },
            ...{ transportFor: () => phone, linkHostUrl },
          },
          input,
        ).catch((error: unknown) => {
          thrown.push(error);
          throw error;
        }),
    });
    try {
      const recipient = { phone: newPhone(), email: 'lea@example.org', language: 'en' };
      const request = { ...seededRequest, recipient };
      const seeded = { organisationId, request, channels: ['email'] } as const;
      const appointment = await seedAppointment(guarded.seed, seeded);
      const visitor = guarded.visitor();
      await visitor.open(appointment.link.token);
      expect((await visitor.askForCode()).status).toBe(500);
      expect(thrown).toMatchObject([{ code: 'LEAK_GUARD' }]);
      expect(sentTo(recipient.phone)).toEqual([]);
      expect(await codesOf(appointment)).toEqual([]);
    } finally {
      await guarded.close();
    }
  });
});

describe('where no SMS can be sent', () => {
  it('a link that only a code would open leads nowhere, and with a PIN none is offered', async () => {
    const without = await startPatientPages(database, {}, phone, { sendsCodes: false });
    try {
      const recipient = { phone: newPhone(), email: 'lea@example.org', language: 'en' };
      const request = { ...seededRequest, recipient };
      const [bare, withPin] = [
        await seedAppointment(without.seed, { organisationId, request, channels: ['email'] }),
        await seedAppointment(without.seed, {
          organisationId,
          request: { ...request, recipient: { ...recipient, pin: '482913' } },
          channels: ['email'],
        }),
      ];
      expect((await without.visitor().get(`/${bare.link.token}`)).status).toBe(404);
      const question = await without.visitor().open(withPin.link.token);
      expect(question.body).toContain('name="pin"');
      expect(question.body).not.toContain('/code');
    } finally {
      await without.close();
    }
  });
});

describe('the keys that phones are counted under', () => {
  it('die with their day, once our clock and the database’s agree that it is over', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
    try {
      const keys = fileKeyStore(folder);
      const today = Temporal.Now.plainDateISO('UTC');
      const [yesterday, tomorrow] = [today.subtract({ days: 1 }), today.add({ days: 1 })];
      for (const day of [yesterday, today, tomorrow]) await keys.phoneDayKey(day.toString());
      const deps = { database: database.open('patient'), keys };
      const keep = (days: number) =>
        keepPhoneDays({ ...deps, now: () => Temporal.Now.instant().add({ hours: 24 * days }) });
      const all = [yesterday, today, tomorrow].map(String);
      // By one that is behind nothing is over yet, whatever the database says.
      await keep(-30);
      expect(await keys.listPhoneDays()).toEqual(all);
      // One that is ahead destroys nothing that the database still counts under.
      await keep(30);
      expect(await keys.listPhoneDays()).toEqual(all.slice(1));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** The page without what differs from one visit to the next. */
function words(body: string): string {
  return body.replaceAll(/name="form" value="[^"]+"/g, '');
}
