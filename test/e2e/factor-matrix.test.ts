import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recipient } from '../../src/domain/appointment.ts';
import type { Channel } from '../../src/domain/channel.ts';
import { launchBrowser } from '../support/browser.ts';
import { patientAt } from '../support/patient-browser.ts';
import { type SandboxMessage, type System, startSystem } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';

const practitioner = 'Dr Wren Quillfeather';
const birthDate = '1980-02-14';
const pin = '482913';

type Patient = ReturnType<typeof patientAt>;
type Codes = () => Promise<string | undefined>;

/** A way to prove: the right answers, and one wrong one. */
interface Way {
  readonly right: (patient: Patient, codes: Codes) => Promise<void>;
  readonly wrong: (patient: Patient, codes: Codes) => Promise<void>;
  /** Which factor a wrong answer counts for. */
  readonly factor: 'pin' | 'code' | 'birth_date';
  readonly opens: 'everything' | 'time';
}

const byPin: Way = {
  factor: 'pin',
  opens: 'everything',
  right: async (patient) => {
    await patient.turnTo('pin');
    await patient.answer({ pin: '482 913' });
  },
  wrong: async (patient) => {
    await patient.turnTo('pin');
    await patient.answer({ pin: '593827' });
  },
};
const byBirthDate: Way = {
  factor: 'birth_date',
  opens: 'time',
  right: async (patient) => {
    await patient.turnTo('birthDate');
    await patient.answer({ birthDate });
  },
  wrong: async (patient) => {
    await patient.turnTo('birthDate');
    await patient.answer({ birthDate: '1981-02-14' });
  },
};
const byCode: Way = {
  factor: 'code',
  opens: 'everything',
  right: async (patient, codes) => {
    await patient.turnTo('code');
    await patient.answer({ code: await patient.askForCode(codes) });
  },
  wrong: async (patient, codes) => {
    await patient.turnTo('code');
    const code = await patient.askForCode(codes);
    await patient.answer({ code: String((Number(code) + 1) % 1_000_000).padStart(6, '0') });
  },
};
const after = (first: Way, second: Way): Way => ({
  ...second,
  right: async (patient, codes) => {
    await first.right(patient, codes);
    await second.right(patient, codes);
  },
  wrong: async (patient, codes) => {
    await first.right(patient, codes);
    await second.wrong(patient, codes);
  },
});

type Given = keyof Pick<Recipient, 'phone' | 'email' | 'pin' | 'birthDate'>;
const rows: readonly { title: string; channel: Channel; given: readonly Given[]; way: Way }[] = [
  { title: 'SMS and PIN', channel: 'sms', given: ['phone', 'pin'], way: byPin },
  { title: 'SMS and birth date', channel: 'sms', given: ['phone', 'birthDate'], way: byBirthDate },
  { title: 'email and code', channel: 'email', given: ['email', 'phone'], way: byCode },
  { title: 'email and PIN', channel: 'email', given: ['email', 'pin'], way: byPin },
  {
    title: 'email and birth date',
    channel: 'email',
    given: ['email', 'birthDate'],
    way: byBirthDate,
  },
  {
    title: 'SMS, birth date then PIN',
    channel: 'sms',
    given: ['phone', 'email', 'birthDate', 'pin'],
    way: after(byBirthDate, byPin),
  },
  {
    title: 'email, birth date then code',
    channel: 'email',
    given: ['phone', 'email', 'birthDate'],
    way: after(byBirthDate, byCode),
  },
  {
    title: 'email, a PIN where there is everything',
    channel: 'email',
    given: ['phone', 'email', 'birthDate', 'pin'],
    way: byPin,
  },
];

let system: System;
let browser: Browser;
beforeAll(async () => {
  system = await startSystem();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await system?.stop();
});

let counter = 1_000;
/** Nobody's number and nobody's address, each used once; their endings mean nothing to the sandbox. */
const newContact = () => {
  counter += 1;
  return { phone: `+3363998${counter}`, email: `patient${counter}@mail.example` };
};

interface Booked {
  readonly reference: string;
  readonly body: Record<string, unknown> & { recipient: Recipient; start: string };
}

async function put({ reference, body }: Booked): Promise<void> {
  const { status, text } = await system.call('PUT', `/v1/appointments/${reference}`, body);
  expect(status, text).toBeLessThan(300);
}

const inHours = (hours: number) => Temporal.Now.instant().round('minute').add({ hours }).toString();

/** Books an appointment and waits for its message; the link in it. */
async function book(row: (typeof rows)[number]): Promise<Booked & { link: string }> {
  const all = { ...newContact(), pin, birthDate };
  const recipient = {
    ...Object.fromEntries(row.given.map((name) => [name, all[name]])),
    language: 'en',
  };
  const booked = {
    reference: `matrix-${counter}`,
    body: {
      start: inHours(72),
      timeZone: 'Europe/Paris',
      notice: 'none',
      details: { practitioner, place: { address: '1 Aviary Row' } },
      recipient: recipient as Recipient,
      reminders: [{ before: 'PT70H', channel: row.channel }],
    },
  };
  await put(booked);
  await put({ ...booked, body: { ...booked.body, notice: 'none' } });
  await system.look(
    `update reminders set due_at = now() where state = 'scheduled' and appointment_id in
       (select id from appointments where reference = '${booked.reference}')`,
  );
  const to = row.channel === 'sms' ? all.phone : all.email;
  const message = await firstMessageTo(to);
  return { ...booked, link: linkIn(message) };
}

async function messagesTo(to: string): Promise<SandboxMessage[]> {
  return (await system.messages()).filter((message) => message.to === to);
}

async function firstMessageTo(to: string): Promise<SandboxMessage> {
  await waitFor(async () => (await messagesTo(to)).length > 0, 20_000);
  const [message] = await messagesTo(to);
  if (!message) throw new Error('no message');
  return message;
}

function linkIn({ text }: SandboxMessage): string {
  return /https?:\/\/\S+\/[A-Za-z0-9_-]{68}/.exec(text)?.[0] ?? '';
}

const codesTo =
  ({ body: { recipient } }: Booked): Codes =>
  async () => {
    const texts = (await messagesTo(recipient.phone ?? '')).map(({ text }) => text);
    return texts.flatMap((text) => /#(\d{6})$/.exec(text.trim())?.[1] ?? []).at(-1);
  };

async function visit<Result>(use: (patient: Patient, page: Page) => Promise<Result>) {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 360, height: 640 },
  });
  try {
    const page = await context.newPage();
    return await use(patientAt(page), page);
  } finally {
    await context.close();
  }
}

describe.each(rows)('$title', (row) => {
  const { way } = row;

  it('opens what it should and no more, also after a wrong answer', async () => {
    const booked = await book(row);
    await visit(async (patient) => {
      expect(await patient.open(booked.link)).toBe(200);
      expect(await patient.words()).not.toContain(practitioner);
      await way.wrong(patient, codesTo(booked));
      expect(await patient.step()).not.toBe('details');
      expect(await patient.words()).not.toContain(practitioner);
    });
    await visit(async (patient) => {
      // A code may be asked for again after a while only; the one that was sent still holds in its
      // own browser alone.
      if (way.factor === 'code') await passTime(booked);
      await patient.open(booked.link);
      await way.right(patient, codesTo(booked));
      expect(await patient.step()).toBe('details');
      const words = await patient.words();
      if (way.opens === 'everything') expect(words).toContain(practitioner);
      else expect(words).not.toContain(practitioner);
      expect(words).toMatch(/France|Paris|Central European/i);
    });
  });

  it('is locked after too many wrong answers, with a help code', async () => {
    const booked = await book(row);
    const most = way.factor === 'birth_date' ? 4 : 9;
    await system.look(
      `insert into factor_failures (organisation_id, appointment_id, factor, failed_count)
       select organisation_id, id, '${way.factor}', ${most} from appointments
       where reference = '${booked.reference}'
       on conflict (appointment_id, factor) do update set failed_count = ${most}`,
    );
    await visit(async (patient) => {
      await patient.open(booked.link);
      await way.wrong(patient, codesTo(booked));
      expect(await patient.step()).toBe('locked');
      expect(await patient.words()).toMatch(/[A-Z0-9]{6}/);
      expect(await patient.words()).not.toContain(practitioner);
    });
    const { text } = await system.call('GET', '/v1/events?limit=200');
    expect(text).toContain('reminder.needs_reissue');
  });

  it('says plainly that it moved, and then that it is cancelled', async () => {
    const booked = await book(row);
    await put({ ...booked, body: { ...booked.body, start: inHours(96) } });
    await visit(async (patient) => {
      await patient.open(booked.link);
      await way.right(patient, codesTo(booked));
      expect(await patient.words()).toContain('has moved');
    });
    await passTime(booked);
    await put({ ...booked, body: { ...booked.body, start: inHours(96), status: 'cancelled' } });
    await visit(async (patient) => {
      await patient.open(booked.link);
      await way.right(patient, codesTo(booked));
      expect(await patient.words()).toContain('is cancelled');
    });
  });

  it('leads nowhere once the contact point is another, like a link that never was', async () => {
    const booked = await book(row);
    const changed = row.channel === 'sms' ? 'phone' : 'email';
    const recipient = { ...booked.body.recipient, [changed]: newContact()[changed] };
    await put({ ...booked, body: { ...booked.body, recipient } });
    const bodies = await visit(async (_patient, page) => {
      const pages: string[] = [];
      const never = booked.link.replace(/.{43}$/, 'A'.repeat(43));
      for (const link of [booked.link, never]) {
        expect((await page.goto(link))?.status()).toBe(404);
        pages.push(await page.content());
      }
      return pages;
    });
    expect(bodies[0]).toBe(bodies[1]);
  });

  it('stops messages to this contact point when asked, and to this one alone', async () => {
    const booked = await book(row);
    await visit(async (patient, page) => {
      await patient.open(booked.link);
      await way.right(patient, codesTo(booked));
      await Promise.all([page.waitForEvent('load'), page.click('main a[href="/stop"]')]);
      await patient.press('[action="/stop"]');
      expect(page.url()).toContain('/stopped');
    });
    const reminders = [{ before: 'PT69H', channel: row.channel }];
    await put({ ...booked, body: { ...booked.body, reminders } });
    await system.look(
      `update reminders set due_at = now() where state = 'scheduled' and appointment_id in
         (select id from appointments where reference = '${booked.reference}')`,
    );
    await waitFor(async () => {
      const { text } = await system.call('GET', `/v1/appointments/${booked.reference}`);
      return text.includes('"suppressed"');
    }, 20_000);
  });
});

/** What a patient would wait for: until another code may be sent. */
async function passTime({ reference }: Booked): Promise<void> {
  await system.look(
    `update codes set created_at = created_at - interval '10 minutes' where link_id in
       (select l.id from links l join appointments a on a.id = l.appointment_id
        where a.reference = '${reference}')`,
  );
}
