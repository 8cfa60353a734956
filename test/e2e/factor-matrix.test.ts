import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recipient } from '../../src/domain/appointment.ts';
import { textsIn } from '../../src/texts/catalogue.ts';
import { launchBrowser } from '../support/browser.ts';
import { known, type MatrixRow, matrixRows } from '../support/matrix-ways.ts';
import { type Phone, patientAt } from '../support/patient-browser.ts';
import { type SandboxMessage, type System, startSystem } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';

const practitioner = 'Dr Wren Quillfeather';
const timeZone = 'Europe/Paris';

type Patient = ReturnType<typeof patientAt>;

interface Booked {
  readonly reference: string;
  readonly body: Record<string, unknown> & { recipient: Recipient; start: string };
  /** Where its first message goes. */
  readonly to: string;
  link: string;
}

const stories = ['opens', 'locks', 'moves', 'leads nowhere', 'pauses', 'expires', 'stops'] as const;
type Story = (typeof stories)[number];

let system: System;
let browser: Browser;
/** An appointment for every row and story, its message on the phone or in the mailbox. */
const bookings = new Map<string, Booked>();

beforeAll(async () => {
  // Addresses are taken from a header, so that each patient sits somewhere else.
  [system, browser] = await Promise.all([
    startSystem({ TRUSTED_PROXIES: '127.0.0.1' }),
    launchBrowser(),
  ]);
  for (const row of matrixRows) {
    for (const story of stories) bookings.set(`${row.title}: ${story}`, newBooking(row));
  }
  const all = [...bookings.values()];
  await Promise.all(all.map(put));
  await sendNow('matrix-%');
  await waitFor(async () => {
    const messages = await system.messages();
    for (const booked of all) booked.link ||= linkIn(messages.find(({ to }) => to === booked.to));
    return all.every(({ link }) => link !== '');
  }, 30_000);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await system?.stop();
});

const bookedFor = (row: MatrixRow, story: Story) =>
  bookings.get(`${row.title}: ${story}`) as Booked;

let counter = 1_000;
/** Nobody's number and nobody's address, each used once; their endings mean nothing to the sandbox. */
function newContact() {
  counter += 1;
  return { phone: `+3363998${counter}`, email: `patient${counter}@mail.example` };
}

const inHours = (hours: number) => Temporal.Now.instant().round('minute').add({ hours }).toString();

function newBooking({ channel, given, language }: MatrixRow): Booked {
  const all = { ...newContact(), ...known };
  const recipient = { ...Object.fromEntries(given.map((name) => [name, all[name]])), language };
  return {
    reference: `matrix-${counter}`,
    body: {
      start: inHours(72),
      timeZone,
      notice: 'none',
      details: { practitioner, place: { address: '1 Aviary Row' } },
      recipient,
      reminders: [{ before: 'PT70H', channel }],
    },
    to: channel === 'sms' ? all.phone : all.email,
    link: '',
  };
}

async function put({ reference, body }: Pick<Booked, 'reference' | 'body'>): Promise<void> {
  const { status, text } = await system.call('PUT', `/v1/appointments/${reference}`, body);
  expect(status, text).toBeLessThan(300);
}

async function read({ reference }: Booked) {
  const { text } = await system.call('GET', `/v1/appointments/${reference}`);
  return JSON.parse(text) as { locked: boolean; reminders: { channel: string; state: string }[] };
}

function sendNow(references: string) {
  return system.look(
    `update reminders set due_at = now() where state = 'scheduled' and appointment_id in
       (select id from appointments where reference like '${references}')`,
  );
}

const linksOf = ({ reference }: Booked) =>
  `(select l.id from links l join appointments a on a.id = l.appointment_id
    where a.reference = '${reference}')`;

/** What a patient would wait for: until another code may be sent. */
const passTime = (booked: Booked) =>
  system.look(
    `update codes set created_at = created_at - interval '10 minutes'
     where link_id in ${linksOf(booked)}`,
  );

async function messagesTo(to: string): Promise<SandboxMessage[]> {
  return (await system.messages()).filter((message) => message.to === to);
}

function linkIn(message: SandboxMessage | undefined): string {
  return /https?:\/\/\S+\/[A-Za-z0-9_-]{68}/.exec(message?.text ?? '')?.[0] ?? '';
}

const phoneOf =
  ({ body: { recipient } }: Booked): Phone =>
  async () => {
    const last = (await system.messages()).at(-1)?.id;
    return async () => {
      let code: string | undefined;
      await waitFor(async () => {
        const text = (await system.messages(last)).find(({ to }) => to === recipient.phone)?.text;
        code = /#(\d{6})$/.exec(text?.trim() ?? '')?.[1];
        return code !== undefined;
      });
      return code ?? '';
    };
  };

let addresses = 0;
/** An address that nobody used before, in a range kept for examples (RFC 5737). */
function fromElsewhere(): { 'x-forwarded-for': string } {
  addresses += 1;
  return { 'x-forwarded-for': `198.51.100.${addresses}` };
}

/** Browsers that nobody sits at now: a new one takes longer than a whole visit. */
const free: { context: BrowserContext; page: Page }[] = [];

/** A patient at a small browser without a script, with cookies and an address of their own. */
async function visit(use: (patient: Patient, page: Page) => Promise<void>): Promise<void> {
  const { context, page } = free.pop() ?? (await openBrowser());
  await page.setExtraHTTPHeaders(fromElsewhere());
  await use(patientAt(page), page);
  // What failed keeps its browser to itself.
  await context.clearCookies();
  free.push({ context, page });
}

async function openBrowser() {
  const viewport = { width: 360, height: 640 };
  const context = await browser.newContext({ javaScriptEnabled: false, viewport });
  return { context, page: await context.newPage() };
}

describe.concurrent.each(matrixRows)('$title', (row) => {
  const { way, language, channel, given } = row;
  const texts = textsIn(language);

  /** Opens the link and comes to the question of this way. */
  async function ask(patient: Patient, booked: Booked) {
    expect(await patient.open(booked.link)).toBe(200);
    expect(await patient.words()).not.toContain(practitioner);
    return way.ask(patient, phoneOf(booked));
  }

  async function prove(patient: Patient, booked: Booked): Promise<string> {
    await patient.answer((await ask(patient, booked)).right);
    expect(await patient.step()).toBe('details');
    return patient.words();
  }

  async function expectShut(patient: Patient): Promise<string> {
    const words = await patient.words();
    expect(words).not.toContain(practitioner);
    // A birth date may have opened the time; then this is another question, and no page of details.
    expect(await patient.step()).not.toBe('details');
    return words;
  }

  it('opens what it should and no more, also after a wrong answer', async () => {
    const booked = bookedFor(row, 'opens');
    await visit(async (patient, page) => {
      const { right, wrong } = await ask(patient, booked);
      await patient.answer(wrong);
      await expectShut(patient);
      await patient.answer(right);
      expect(await patient.step()).toBe('details');
      const words = await patient.words();
      if (way.opens === 'everything') expect(words).toContain(practitioner);
      else expect(words).not.toContain(practitioner);
      const at = Temporal.Instant.from(booked.body.start).toZonedDateTimeISO(timeZone);
      expect(words).toContain(texts.writeDate(at.toPlainDate()));
      expect(words).toContain(texts.writeZone(at));
      const html = page.locator('html');
      expect(await html.getAttribute('lang')).toBe(language);
      expect(await html.getAttribute('dir')).toBe(texts.direction);
    });
  });

  it('is locked after too many wrong answers, with a help code that operators find, until a notice tells of a new link', async () => {
    const booked = bookedFor(row, 'locks');
    const most = way.factor === 'birth_date' ? 4 : 9;
    await system.look(
      `insert into factor_failures (organisation_id, appointment_id, factor, failed_count)
       select organisation_id, id, '${way.factor}', ${most} from appointments
       where reference = '${booked.reference}'`,
    );
    await visit(async (patient, page) => {
      const { wrong } = await ask(patient, booked);
      await patient.answer(wrong);
      expect(await patient.step()).toBe('locked');
      const shown = await page.locator('main .code').textContent();
      await expectShut(patient);
      expect(shown).toMatch(/^[A-Z0-9]{6}$/);
      const found = await system.look(
        `select reference from appointments a join factor_failures f on f.appointment_id = a.id
         where help_code = '${shown}'`,
      );
      expect(found).toEqual([{ reference: booked.reference }]);
    });
    expect((await read(booked)).locked).toBe(true);
    const events = await system.look(
      `select reason_code from events
       where type = 'reminder.needs_reissue' and reference = '${booked.reference}'`,
    );
    expect(events).toEqual([{ reason_code: 'factor_locked' }]);

    await put({ ...booked, body: { ...booked.body, status: 'cancelled', notice: 'now' } });
    let link = '';
    await waitFor(async () => {
      link = linkIn((await messagesTo(booked.to)).at(-1));
      return link !== booked.link;
    }, 40_000);
    await visit(async (patient) => {
      expect(await prove(patient, { ...booked, link })).toContain(texts.details.cancelled);
    });
  });

  it('says plainly that it moved, and on the open page that it is cancelled', async () => {
    const booked = bookedFor(row, 'moves');
    const body = { ...booked.body, start: inHours(96) };
    await put({ ...booked, body });
    await visit(async (patient, page) => {
      expect(await prove(patient, booked)).toContain(texts.details.moved);
      await put({ ...booked, body: { ...body, status: 'cancelled' } });
      await page.reload();
      expect(await patient.words()).toContain(texts.details.cancelled);
    });
  });

  it('leads nowhere when expired, unknown or of another contact point, each time the same', async () => {
    const booked = bookedFor(row, 'leads nowhere');
    const open = async (link: string) => {
      const response = await fetch(link, { redirect: 'manual' });
      const { date: _date, ...headers } = Object.fromEntries(response.headers);
      return { status: response.status, headers, body: await response.text() };
    };
    expect((await open(booked.link)).status).toBe(303);
    const set = (change: string) =>
      system.look(`update links set ${change} where id in ${linksOf(booked)}`);
    const answers = [await open(booked.link.replace(/.{43}$/, 'A'.repeat(43)))];

    await set(`expires_at = expires_at - interval '1 year'`);
    answers.push(await open(booked.link));
    await set(`expires_at = expires_at + interval '1 year'`);
    expect((await open(booked.link)).status).toBe(303);

    const changed = channel === 'sms' ? 'phone' : 'email';
    const recipient = { ...booked.body.recipient, [changed]: newContact()[changed] };
    await put({ ...booked, body: { ...booked.body, recipient } });
    answers.push(await open(booked.link));

    await system.look(`delete from links where id in ${linksOf(booked)}`);
    answers.push(await open(booked.link));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('makes a source that guesses wait, right answer or not, and nobody else', async () => {
    const booked = bookedFor(row, 'pauses');
    await visit(async (patient, page) => {
      const { right, wrong } = await ask(patient, booked);
      await patient.answer(wrong);
      await system.look(
        `update source_failures set failed_count = 4 where link_id in ${linksOf(booked)}`,
      );
      await patient.answer(wrong);
      const asWrong = await expectShut(patient);
      await patient.answer(right);
      expect(await expectShut(patient)).toBe(asWrong);
      await page.setExtraHTTPHeaders(fromElsewhere());
      await patient.answer(right);
      expect(await patient.step()).toBe('details');
    });
  });

  const ifCode = way.factor === 'code' ? it : () => {};
  ifCode('takes an expired code as it takes a wrong one', async () => {
    const booked = bookedFor(row, 'expires');
    await visit(async (patient) => {
      const { right, wrong } = await ask(patient, booked);
      await patient.answer(wrong);
      const asWrong = await expectShut(patient);
      await system.look(
        `update codes set expires_at = clock_timestamp() - interval '1 second'
         where link_id in ${linksOf(booked)}`,
      );
      await patient.answer(right);
      expect(await expectShut(patient)).toBe(asWrong);
      await passTime(booked);
      await patient.answer({ code: await patient.askForCode(phoneOf(booked)) });
      expect(await patient.step()).toBe('details');
    });
  });

  it('stops messages to this contact point alone, and what is out still opens', async () => {
    const booked = bookedFor(row, 'stops');
    await visit(async (patient, page) => {
      await prove(patient, booked);
      await Promise.all([page.waitForEvent('load'), page.click('main a[href="/stop"]')]);
      await patient.press('[action="/stop"]');
      expect(page.url()).toContain(`/stopped/${channel}`);
      await passTime(booked);
      await prove(patient, booked);
    });
    const other = channel === 'sms' ? 'email' : 'sms';
    // By SMS a code opens nothing, so that there the other way needs a factor of its own.
    const hasOther =
      given.includes('phone') &&
      given.includes('email') &&
      (given.includes('pin') || given.includes('birthDate'));
    const asked = hasOther ? [channel, other] : [channel];
    const reminders = asked.map((one) => ({ before: 'PT69H', channel: one }));
    await put({ ...booked, body: { ...booked.body, reminders } });
    await sendNow(booked.reference);
    let states = '';
    await waitFor(async () => {
      const all = (await read(booked)).reminders.map((one) => `${one.channel} ${one.state}`);
      states = all.join(', ');
      return !/scheduled|queued|sending/.test(states);
    }, 40_000);
    expect(states).toContain(`${channel} suppressed`);
    if (hasOther) expect(states).toMatch(new RegExp(`${other} (sent|delivered)`));
  });
});
