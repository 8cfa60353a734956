import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import nodemailer from 'nodemailer';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Channel } from '../../src/domain/channel.ts';
import { tokenOfVerpAddress } from '../../src/transport/email-verp.ts';
import { patientAddress, statusNotification } from '../support/bounce-samples.ts';
import { type CanaryForms, canaryForms, findCanaries } from '../support/canaries.ts';
import {
  birthFields,
  bodyOf,
  type CanaryPerson,
  canaryDetails,
  canaryWords,
  dateForms,
  people,
  personalForms,
} from '../support/canary-people.ts';
import {
  commands,
  logs,
  messages,
  opsPages,
  type Place,
  placeNames,
  placesOf,
  rawFiles,
  statements,
  tables,
} from '../support/canary-places.ts';
import { crawlOps } from '../support/ops-crawl.ts';
import { createPageVisitor, type PageVisitor } from '../support/page-visitor.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type SandboxMessage, type System, startSystem } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWebhookPeer, type WebhookPeer } from '../support/webhook-peer.ts';

const personal = personalForms();
const dates = dateForms();
/** What opens, stops or confirms something for whoever knows it, gathered as the story goes. */
const secrets: Record<string, string | Buffer> = {};
/** What an attempt is known by to a provider; it stands in its row, and in no log. */
const attemptTokens: Record<string, Buffer> = {};

const onRedis = inject('queue') === 'redis';
let system: System;
let redis: RedisServer | undefined;
let bookingSystem: WebhookPeer;
/** Every command that ever came to Redis. */
const toRedis: string[] = [];

beforeAll(async () => {
  redis = onRedis ? await startRedis({ appendonly: 'yes' }) : undefined;
  const monitor = await redis?.admin.monitor();
  monitor?.on('monitor', (_time: string, args: string[]) => toRedis.push(args.join(' ')));
  system = await startSystem(redis ? { REDIS_URL: redis.url.reveal() } : {});
  bookingSystem = await startWebhookPeer();
});
afterAll(async () => {
  await system?.stop();
  await bookingSystem?.close();
  await redis?.stop();
});

const put = (person: CanaryPerson, channel: Channel) =>
  system.call('PUT', `/v1/appointments/${person.reference}`, bodyOf(person, channel));

async function messagesTo(to: string): Promise<SandboxMessage[]> {
  return (await system.messages()).filter((message) => message.to === to);
}

/** The link of the newest message there; it is a secret from now on. */
async function linkTo(to: string): Promise<string> {
  await waitFor(async () => (await messagesTo(to)).length > 0, 30_000);
  const { text = '' } = (await messagesTo(to)).at(-1) ?? {};
  const link = /https?:\/\/\S+\/[A-Za-z0-9_-]{68}(?=\s|$)/.exec(text)?.[0] ?? '';
  expect(link).not.toBe('');
  const token = link.slice(-68);
  secrets[`link to ${to}`] = token;
  secrets[`S to ${to}`] = Buffer.from(token.slice(1, 25), 'base64url');
  return link;
}

/** A visitor who opened a link and sees the first question. */
async function openLink(link: string) {
  const visitor = createPageVisitor();
  const landing = await visitor.go(link);
  expect(landing.url).not.toContain(link.slice(-68));
  expect(findCanaries(personal, landing.html)).toEqual([]);
  const question = await visitor.press('/prove');
  expect(question.step).not.toBe('details');
  expect(findCanaries(personal, question.html)).toEqual([]);
  return visitor;
}

async function answerWrong(visitor: PageVisitor, fields: Record<string, string>): Promise<void> {
  const page = await visitor.fill(fields);
  expect(page.step).not.toBe('details');
  expect(findCanaries(personal, page.html)).toEqual([]);
}

async function answerRight(visitor: PageVisitor, fields: Record<string, string>): Promise<string> {
  const page = await visitor.fill(fields);
  expect(page.step).toBe('details');
  for (const cookie of visitor.cookies()) secrets[`cookie ${Object.keys(secrets).length}`] = cookie;
  return page.html;
}

function expectEverything(html: string): void {
  const { place, practitioner, specialty } = canaryDetails;
  for (const shown of [practitioner, specialty, place.name, place.address, canaryDetails.for]) {
    expect(html).toContain(shown);
  }
}

async function expectState(person: CanaryPerson, state: string): Promise<void> {
  await waitFor(async () => {
    const { text } = await system.call('GET', `/v1/appointments/${person.reference}`);
    return text.includes(`"${state}"`);
  }, 30_000);
}

describe('the whole path', () => {
  it('puts the demo through: a first neutral message is there within seconds', async () => {
    await waitFor(async () => (await system.messages()).length >= 3, 30_000);
  });

  it('tells the secret of a webhook once', async () => {
    const url = `${bookingSystem.url}/hook`;
    const { status, text } = await system.call('POST', '/v1/webhook-endpoints', { url });
    expect(status).toBe(201);
    const secret = JSON.parse(text).secret as string;
    secrets['webhook secret'] = secret.slice('whsec_'.length);
    secrets['webhook secret, raw'] = Buffer.from(secret.slice('whsec_'.length), 'base64');
  });

  it('answers an accepted PUT with a receipt and nothing of what was sent', async () => {
    const { wren, ...others } = people;
    const answer = await put(wren, 'sms');
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.text)).toMatchObject({ reference: 'canary-1', language: 'fr' });
    const answers = await Promise.all(Object.values(others).map((person) => put(person, 'email')));
    for (const { status, text } of [answer, ...answers]) {
      expect(status, text).toBe(201);
      expect(findCanaries(personal, text)).toEqual([]);
    }
    await system.look(
      `update reminders r set due_at = now() from appointments a
       where a.id = r.appointment_id and a.reference like 'canary-%' and r.state = 'scheduled'`,
    );
  });

  it('sends one sentence that says nothing, and the link opens with the PIN', async () => {
    const visitor = await openLink(await linkTo(people.wren.phone));
    await answerWrong(visitor, { pin: canaryWords.wrongPin });
    await answerWrong(visitor, { pin: canaryWords.typed });
    expectEverything(await answerRight(visitor, { pin: people.wren.pin }));

    await visitor.go('/stop');
    const stopped = await visitor.press('/stop', { answer: 'stop' });
    expect(stopped.url).toContain('/stopped/sms');
    expect(findCanaries(personal, stopped.html)).toEqual([]);
  });

  it('opens an email’s link in part with the birth date, and whole with a code by SMS', async () => {
    const { finch } = people;
    const visitor = await openLink(await linkTo(finch.email));
    await visitor.go('/prove/birth-date');
    await answerWrong(visitor, birthFields(canaryWords.wrongBirthDate));
    const time = await answerRight(visitor, birthFields(finch.birthDate));
    expect(findCanaries(personal, time)).toEqual([]);

    await visitor.go('/code/send');
    await visitor.press('/code/send');
    await waitFor(async () => (await messagesTo(finch.phone)).length > 0);
    const [sms] = await messagesTo(finch.phone);
    const code = /#(\d{6})$/.exec(sms?.text ?? '')?.[1] ?? '';
    const wrongCode = String((Number(code) + 271_829) % 1_000_000).padStart(6, '0');
    Object.assign(secrets, { code, wrongCode });
    await answerWrong(visitor, { code: wrongCode });
    expectEverything(await answerRight(visitor, { code }));
  });

  it('goes on by SMS where the email is refused, or comes back', async () => {
    for (const person of [people.lark, people.rook]) {
      const visitor = await openLink(await linkTo(person.phone));
      expectEverything(await answerRight(visitor, { pin: person.pin }));
      await expectState(person, 'delivered');
    }
    expect((await messagesTo(people.lark.email)).length).toBe(0);
    await linkTo(people.rook.email);
  });

  it('lets a mail program stop the emails with one click', async () => {
    const [email] = await messagesTo(people.finch.email);
    const [url = ''] = /https?:[^>\s]+/.exec(email?.headers?.['list-unsubscribe']?.[0] ?? '') ?? [];
    secrets['opt-out token'] = url.slice(url.lastIndexOf('/') + 1);
    expect((await fetch(url)).status).toBe(200);
    const body = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' });
    const done = await fetch(url, { method: 'POST', body });
    expect(findCanaries(personal, await done.text())).toEqual([]);
    const stops = await system.look(`select source from suppressions order by source`);
    expect(stops.map(({ source }) => source)).toEqual(['one_click', 'patient_page']);
  });

  it('is delivered, and every answer of the API stays silent about it', async () => {
    await expectState(people.wren, 'delivered');
    const body = bodyOf(people.wren, 'sms');
    const answers = await Promise.all([
      ...Object.values(people).map(({ reference }) =>
        system.call('GET', `/v1/appointments/${reference}`),
      ),
      system.call('GET', '/v1/appointments'),
      system.call('GET', '/v1/events?limit=200'),
      system.call('GET', `/v1/appointments/${encodeURIComponent(canaryDetails.practitioner)}`),
      system.call('PUT', '/v1/appointments/canary-5', {
        ...body,
        [canaryDetails.reason]: canaryDetails.for,
      }),
      system.call('PUT', '/v1/appointments/canary-6', { ...body, timeZone: canaryWords.typed }),
      system.call('PUT', '/v1/appointments/canary-7', canaryDetails.practitioner),
      system.call('GET', '/openapi.json'),
    ]);
    await waitFor(() => {
      const types = bookingSystem.ledger.map(({ body }) => JSON.parse(body).type);
      return types.includes('reminder.delivered') && types.includes('appointment.accepted');
    });
    const pushed = bookingSystem.ledger.map(({ headers, body }) => ({
      text: JSON.stringify(headers) + body,
    }));
    const held = canaryForms(secrets);
    for (const { text } of [...answers, ...pushed]) {
      expect([...findCanaries(personal, text), ...findCanaries(held, text)]).toEqual([]);
    }
  });
});

/** A bounce with canaries wherever a mail server might put something of the patient. */
async function returnedMail(): Promise<Buffer> {
  const [email] = await messagesTo(people.rook.email);
  const sample = statusNotification({
    to: email?.returnPath ?? '',
    action: 'failed',
    status: '5.1.1',
    diagnostic: `smtp; 550 5.1.1 <${people.rook.email}>: ${canaryWords.returned}`,
    returned: `Subject: ${canaryWords.returned}\r\n\r\n${email?.text}`,
  });
  return Buffer.from(sample.toString().replaceAll(patientAddress, people.rook.email));
}

describe('what providers post while no worker is there to read it', () => {
  const posted = () => system.look('select kind from sealed_callbacks order by kind');

  it('lies sealed and unreadable, and is gone once it was read', async () => {
    const { inboundUrl, bounceUrl } = system.callbackAddresses();
    secrets['secret of replies'] = inboundUrl.slice(-43);
    secrets['secret of bounces'] = bounceUrl.slice(-43);
    const [worker = 0] = system.pidsOf('worker');
    process.kill(worker, 'SIGSTOP');
    try {
      const answers = await Promise.all([
        reply(people.lark.phone, 'STOP'),
        reply(people.finch.phone, canaryWords.said),
        fetch(bounceUrl, { method: 'POST', body: new Uint8Array(await returnedMail()) }),
        fetch(inboundUrl, {
          method: 'POST',
          headers: { 'x-twilio-signature': 'forged' },
          body: new URLSearchParams({ From: people.wren.phone, Body: canaryWords.forged }),
        }),
      ]);
      expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, true]);
      await waitFor(async () => (await posted()).length >= 4);
      expect((await posted()).map(({ kind }) => kind)).toEqual([
        'email_bounce',
        ...Array(3).fill('twilio_inbound'),
      ]);
      for (const name of [tables, rawFiles, logs] as const) {
        expect(await found(name), name).toEqual([]);
      }
    } finally {
      process.kill(worker, 'SIGCONT');
    }
    await waitFor(async () => (await posted()).length === 0, 20_000);
    // It was read: the one word in it that means something was carried out.
    const stops = await system.look(`select channel from suppressions where source = 'reply'`);
    expect(stops).toEqual([{ channel: 'sms' }]);
    expect(system.output()).not.toContain('a callback was given up');
  });

  function reply(to: string, text: string) {
    return fetch(`${system.facts.sandboxUrl}/replies`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to, text }),
    });
  }
});

describe('a bell that no worker hears', () => {
  it('names a batch on the board of the queue, and nobody', async () => {
    const { wren } = people;
    const [worker = 0] = system.pidsOf('worker');
    process.kill(worker, 'SIGSTOP');
    try {
      await system.call('PUT', `/v1/appointments/${wren.reference}`, {
        ...bodyOf(wren, 'sms'),
        notice: 'now',
      });
      await waitFor(async () => {
        const seen = await crawlOps(system, { references: [] });
        return seen.some(([path]) => path.startsWith('/queues/api/queues/bells/'));
      });
      expect(await found(opsPages)).toEqual([]);
    } finally {
      process.kill(worker, 'SIGCONT');
    }
    await expectState(wren, 'suppressed');
  });
});

const places = placeNames({ onRedis });

/** Where rows of appointments, and of attempts with their tokens, lie in the clear. */
const ofDatabase: readonly Place[] = [tables, rawFiles];

function formsFor(place: Place): readonly CanaryForms[] {
  if (place === messages) {
    // A link and a code are what they carry.
    const { 'secret of replies': replies = '', 'secret of bounces': bounces = '' } = secrets;
    return [personal, dates, canaryForms({ replies, bounces })];
  }
  const held = [personal, canaryForms(secrets)];
  if (ofDatabase.includes(place)) return held;
  const tokens = canaryForms(attemptTokens);
  return place === opsPages ? [...held, tokens] : [...held, tokens, dates];
}

async function found(place: Place): Promise<string[]> {
  const all = placesOf(system, redis && { server: redis, told: toRedis });
  const finds = (await all[place]?.()) ?? [];
  const forms = formsFor(place);
  return finds.flatMap(([where, content]) =>
    forms.flatMap((one) => findCanaries(one, content).map((name) => `${where}: ${name}`)),
  );
}

describe('a thief finds no canary in', () => {
  beforeAll(async () => {
    for (const { token } of await system.look('select token from attempts')) {
      attemptTokens[`attempt ${Object.keys(attemptTokens).length}`] = token as Buffer;
    }
    // One that an operator may send again, so that the pages show what it takes.
    await system.look(
      `update reminders set state = 'failed', reason_code = 'unclear_answer' where id in (
         select r.id from reminders r join appointments a on a.id = r.appointment_id
         where a.reference = '${people.rook.reference}' limit 1)`,
    );
  });

  it.each(places)('%s', async (place) => {
    expect(await found(place)).toEqual([]);
  });

  it('and there was something to search everywhere', async () => {
    const counted = await system.look(
      `select (select count(*)::int from codes) codes, (select count(*)::int from phone_day_counts) phones,
         (select count(*)::int from code_counts) > 0 "codeCounts",
         (select count(*)::int from suppressions) stops, (select count(*)::int from events) > 10 events,
         (select count(*)::int from attempts where channel = 'email' and provider_id is not null) > 1 emails,
         (select count(*)::int from information_schema.tables where table_schema = 'sotto_queue') > 0 queue`,
    );
    expect(counted).toEqual([
      {
        ...{ codes: 1, codeCounts: true, phones: 1, stops: 3 },
        ...{ events: true, emails: true, queue: true },
      },
    ]);
    for (const role of ['patient', 'worker']) {
      const journal = join(system.dataDir, 'journal', `${role}.ndjson`);
      expect(readFileSync(journal, 'utf8')).toContain('"suppression"');
    }
    const [email] = await messagesTo(people.finch.email);
    expect(Object.values(attemptTokens)).toContainEqual(
      tokenOfVerpAddress(email?.returnPath ?? ''),
    );
    expect(Object.keys(secrets).length).toBeGreaterThan(14);
  });

  it('the file outside, which the scheduler told how far the audit goes', async () => {
    const heads = join(system.dataDir, 'journal', 'audit-heads.txt');
    await waitFor(() => existsSync(heads) && readFileSync(heads, 'utf8').includes('eyJ'), 60_000);
  }, 90_000);

  it('the pages of operators, which did show the appointments and what may be done', async () => {
    const seen = new Map(await placesOf(system, undefined)[opsPages]());
    const paths = [...seen.keys()].map((path) => path.replace(/[0-9a-f-]{36}/g, 'ID'));
    const { length } = Object.keys(people);
    expect(paths.filter((path) => path === '/appointments/ID')).toHaveLength(length);
    expect(paths).toEqual(
      expect.arrayContaining(['/log', '/incidents', '/controls', '/reminders/ID/redrive', '/find']),
    );
    expect(paths.some((path) => path.startsWith('/redrive?code=unclear_answer'))).toBe(true);
    expect(seen.get('/metrics')).toContain('sotto_dead_letters{mode="test"} 1');
  });

  it('Redis, where it carries the queue; and only those who ring, hear and look are connected', async () => {
    const names = String((await redis?.admin.client('LIST')) ?? '').match(/name=[^ ]*sotto[^ ]*/g);
    expect(toRedis.join('\n').includes('"batch"')).toBe(onRedis);
    // The board was looked at just now; it keeps its connection for a minute.
    expect(names ?? []).toHaveLength(onRedis ? 4 : 0);
  });
});

describe('and the hunt does find what is planted in', () => {
  const planted = canaryDetails.instructions;

  it('the logs, the journals, the arguments and the running statements', async () => {
    for (const folder of ['logs', 'journal']) {
      writeFileSync(join(system.dataDir, folder, 'planted'), `x${planted}y`);
    }
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 999)', planted]);
    const statement = system.look(`select pg_sleep(1), '${planted}'`);
    try {
      await waitFor(async () => (await found(statements)).length > 0);
      expect(await found('the arguments of processes')).toEqual([': instructions']);
    } finally {
      child.kill();
      await statement;
    }
    expect(await found(logs)).toEqual(['logs/planted: instructions']);
  });

  it('the tables, as text, bytes or inside other words, and in their files', async () => {
    // Many rows: in the write-ahead log the border of a page may cut one of them in two.
    await system.look(`create table planted as select '"${secrets.code}"' as text,
      '\\x${(secrets[`S to ${people.finch.email}`] as Buffer).toString('hex')}'::bytea as bytes
      from generate_series(1, 20)`);
    await system.look(
      `create table sotto_queue.planted as select 'x${planted}' as text from generate_series(1, 20)`,
    );
    const names = ['planted: code', `planted: S to ${people.finch.email}`];
    expect(new Set(await found(tables))).toEqual(new Set(names));
    expect(new Set(await found('the tables of the queue'))).toEqual(
      new Set(['planted: instructions']),
    );
    const files = await found(rawFiles);
    expect(files).toContain('journal/planted: instructions');
    for (const name of ['code', `S to ${people.finch.email}`, 'instructions']) {
      expect(
        files.filter((one) => one.endsWith(`: ${name}`) && one.startsWith('postgres/')),
      ).not.toEqual([]);
      expect(
        files.filter((one) => one.endsWith(`: ${name}`) && one.includes('/pg_wal/')),
      ).not.toEqual([]);
    }
  });

  it('the pages of operators and what commands print', async () => {
    for (const table of ['appointments', 'events']) {
      await system.look(
        `update ${table} set reference = '${planted}' where reference = 'canary-3'`,
      );
    }
    await system.look(`update organisations set name = '${planted}'`);
    expect(new Set(await found(commands))).toEqual(
      new Set([
        'tail --since start --once: instructions',
        'tail --since start --once --json: instructions',
      ]),
    );
    const pages = await found(opsPages);
    expect(pages.filter((one) => one.startsWith('/appointments/'))).not.toEqual([]);
    expect(pages).toContain('/controls: instructions');
  });

  it.each([
    ['a header', { headers: { 'X-Reason': canaryDetails.reason } }],
    ['the subject', { subject: canaryDetails.practitioner }],
    ['the text', { text: `Vous voyez ${canaryDetails.practitioner} bientôt` }],
    ['the HTML', { html: `<p>Chez ${canaryDetails.practitioner} à Nid</p>` }],
    ['the sender’s name', { from: `"${canaryDetails.practitioner}" <a@sotto.example>` }],
    ['the return path', { envelope: { from: people.finch.email, to: 'x@sotto.example' } }],
  ])('an email: %s', async (_part, change) => {
    const known = (await found(messages)).length;
    const { hostname: host, port } = new URL(system.facts.smtpUrl);
    const transport = nodemailer.createTransport({ host, port: Number(port), ignoreTLS: true });
    const mail = { from: 'a@sotto.example', to: 'x@sotto.example', subject: 'x', text: 'x' };
    await transport.sendMail({ ...mail, ...change });
    transport.close();
    expect((await found(messages)).length).toBeGreaterThan(known);
  });

  it('Redis, where it carries the queue: keys, values, commands and files', async () => {
    await redis?.admin.set(`key:${planted}`, 'x'.repeat(99));
    await redis?.admin.hset('hash', 'field', `${'x'.repeat(99)}${planted}`);
    for (const place of places.filter((name) => name.includes('Redis'))) {
      await waitFor(async () => (await found(place)).length >= 2);
    }
  });
});
