import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { canaryForms, filesBelow, findCanaries, processArguments } from '../support/canaries.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type System, startSystem } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';

const start = '2027-03-04T10:35:00+01:00';
const canaries = {
  practitioner: 'Dr Quillfeather Canary',
  specialty: 'Kanarienologie Spezial',
  placeName: 'Voliere du Canari',
  address: '77 Perchoir Canari, 99077 Nid',
  instructions: 'Canary-brings-own-seed-8841',
  practicePhone: '+33199004477',
  reason: 'Canary plumage review 5512',
  for: 'Little Canary Wren',
  phone: '+33639987741',
  nationalPhone: '0639987741',
  email: 'canary.wren.5521@example.org',
  birthDate: '1981-09-23',
  pin: '84071962',
} as const;
const forms = canaryForms(canaries);
/** When the appointment is stands in the clear in the database and the API, and nowhere else. */
const dates = canaryForms({
  iso: start.slice(0, 10),
  numeric: '04/03/2027',
  french: '4 mars 2027',
  english: '4 March 2027',
  german: '4. März 2027',
  frenchTime: '10 h 35',
});

let system: System;
let link: string;
let redis: RedisServer | undefined;
/** Every command that ever came to Redis. */
const toRedis: string[] = [];

beforeAll(async () => {
  redis = inject('queue') === 'redis' ? await startRedis() : undefined;
  const monitor = await redis?.admin.monitor();
  monitor?.on('monitor', (_time: string, args: string[]) => toRedis.push(args.join(' ')));
  system = await startSystem(redis ? { REDIS_URL: redis.url.reveal() } : {});
});
afterAll(async () => {
  await system?.stop();
  await redis?.stop();
});

function body() {
  return {
    start,
    timeZone: 'Europe/Paris',
    durationMinutes: 25,
    notice: 'now',
    details: {
      practitioner: canaries.practitioner,
      specialty: canaries.specialty,
      place: { name: canaries.placeName, address: canaries.address },
      instructions: canaries.instructions,
      phone: canaries.practicePhone,
      reason: canaries.reason,
      for: canaries.for,
    },
    recipient: {
      phone: canaries.phone,
      email: canaries.email,
      language: 'fr',
      birthDate: canaries.birthDate,
      pin: canaries.pin,
    },
    reminders: [{ before: 'P2D', channel: 'sms' }],
  };
}

/** A browser without JavaScript, as far as cookies and redirects go. */
function visitor() {
  const jar = new Map<string, string>();
  return async (url: string, form?: Record<string, string>) => {
    let target = url;
    let init: RequestInit = form ? { method: 'POST', body: new URLSearchParams(form) } : {};
    for (let hops = 0; hops < 5; hops += 1) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(target, { ...init, redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value) jar.set(name, value);
        else jar.delete(name);
      }
      const location = response.headers.get('location');
      if (!location) return { url: target, status: response.status, html: await response.text() };
      target = new URL(location, target).href;
      init = {};
    }
    throw new Error('too many redirects');
  };
}

const hidden = (html: string) => /name="form"[^>]*value="([^"]*)"/.exec(html)?.[1] ?? '';
const action = (html: string, base: string) =>
  new URL(/<form[^>]*action="([^"]*)"/.exec(html)?.[1] ?? '', base).href;

describe('the whole path', () => {
  it('puts the demo through: a first neutral message is there within seconds', async () => {
    await waitFor(async () => (await system.messages()).length >= 3, 10_000);
  });

  it('answers an accepted PUT with a receipt and nothing of what was sent', async () => {
    const answer = await system.call('PUT', '/v1/appointments/canary-1', body());
    expect(answer.status).toBe(201);
    expect(findCanaries(forms, answer.text)).toEqual([]);
    expect(JSON.parse(answer.text)).toMatchObject({
      reference: 'canary-1',
      version: 1,
      language: 'fr',
    });
  });

  it('sends one sentence that says nothing, and the link opens with the PIN', async () => {
    await waitFor(
      async () => (await system.messages()).some(({ to }) => to === canaries.phone),
      10_000,
    );
    const message = (await system.messages()).find(({ to }) => to === canaries.phone);
    link = /https?:\/\/\S+$/.exec(message?.text ?? '')?.[0] ?? '';
    expect(link).toMatch(/\/[A-Za-z0-9_-]{68}$/);
    const { phone: _phone, nationalPhone: _national, ...unsaid } = canaries;
    expect(findCanaries(canaryForms(unsaid), message?.text ?? '')).toEqual([]);

    const visit = visitor();
    const landing = await visit(link);
    expect(landing.url).not.toContain(link.slice(-68));
    expect(findCanaries(forms, landing.html)).toEqual([]);
    let page = landing;
    if (!page.html.includes('name="pin"')) {
      const onward = action(page.html, page.url);
      page = /method="post"/i.test(page.html)
        ? await visit(onward, { form: hidden(page.html) })
        : await visit(onward);
    }
    expect(page.html).toContain('data-step="prove"');
    expect(findCanaries(forms, page.html)).toEqual([]);
    const wrong = await visit(action(page.html, page.url), {
      form: hidden(page.html),
      pin: '11223344',
    });
    expect(findCanaries(forms, wrong.html)).toEqual([]);
    const details = await visit(action(wrong.html, wrong.url), {
      form: hidden(wrong.html),
      pin: canaries.pin,
    });
    expect(details.html).toContain('data-step="details"');
    for (const shown of ['practitioner', 'specialty', 'placeName', 'address', 'for'] as const) {
      expect(details.html, shown).toContain(canaries[shown]);
    }
  });

  it('is delivered, and every answer of the API stays silent about it', async () => {
    await waitFor(async () => {
      const { text } = await system.call('GET', '/v1/appointments/canary-1');
      return text.includes('"delivered"');
    }, 15_000);
    const answers = await Promise.all([
      system.call('GET', '/v1/appointments/canary-1'),
      system.call('GET', '/v1/appointments'),
      system.call('GET', '/v1/events'),
      system.call('GET', `/v1/appointments/${encodeURIComponent(canaries.practitioner)}`),
      system.call('PUT', '/v1/appointments/canary-2', {
        ...body(),
        [canaries.reason]: canaries.for,
      }),
      system.call('PUT', '/v1/appointments/canary-3', { ...body(), timeZone: canaries.specialty }),
      system.call('PUT', '/v1/appointments/canary-4', canaries.practitioner),
      system.call('GET', '/openapi.json'),
    ]);
    for (const { text } of answers) expect(findCanaries(forms, text)).toEqual([]);
  });
});

describe('a thief finds no canary in', () => {
  it('any message but the number it went to', async () => {
    for (const { text } of await system.messages()) expect(findCanaries(dates, text)).toEqual([]);
    const { phone: _phone, nationalPhone: _national, ...unsaid } = canaries;
    const held = JSON.stringify(await system.messages());
    expect(findCanaries(canaryForms(unsaid), held)).toEqual([]);
  });

  it('the metrics and the readiness answers', async () => {
    for (const path of ['/metrics', '/readyz', '/livez', '/']) {
      const response = await fetch(`${system.facts.opsUrl}${path}`);
      expect(findCanaries(forms, await response.text()), path).toEqual([]);
    }
  });

  it('the terminal, the logs at debug level and the arguments of processes', () => {
    expect(findCanaries(forms, system.output())).toEqual([]);
    expect(findCanaries(dates, system.output())).toEqual([]);
    const files = filesBelow(join(system.dataDir, 'logs'));
    expect(files.length).toBeGreaterThan(4);
    for (const file of files) {
      const text = readFileSync(file);
      expect(findCanaries(forms, text), file).toEqual([]);
      expect(findCanaries(dates, text), file).toEqual([]);
      expect(text.includes(link.slice(-68)), `${file} holds the link`).toBe(false);
    }
    expect(findCanaries(forms, processArguments())).toEqual([]);
    expect(findCanaries(dates, processArguments())).toEqual([]);
  });

  it('the raw files of the database, queue and write-ahead log included, and the journal', async () => {
    await system.look('checkpoint');
    const queue = await system.look(
      `select table_name from information_schema.tables where table_schema = 'sotto_queue'`,
    );
    expect(queue.length).toBeGreaterThan(0);
    for (const { table_name: table } of queue) {
      const rows = JSON.stringify(await system.look(`select * from sotto_queue."${table}"`));
      expect([...findCanaries(forms, rows), ...findCanaries(dates, rows)], String(table)).toEqual(
        [],
      );
    }
    const files = [
      ...filesBelow(join(system.dataDir, 'postgres')),
      join(system.dataDir, 'postgres.log'),
      ...filesBelow(join(system.dataDir, 'journal')),
      ...filesBelow(join(system.dataDir, 'keys')),
    ];
    expect(files.length).toBeGreaterThan(500);
    for (const file of files) {
      const bytes = readFileSync(file);
      expect(findCanaries(forms, bytes), file).toEqual([]);
      expect(bytes.includes(link.slice(-68)), `${file} holds the link`).toBe(false);
    }
  });

  it('Redis, where it carries the queue: not in what it holds, nor in what it was ever told', async () => {
    const said = toRedis.join('\n');
    expect([...findCanaries(forms, said), ...findCanaries(dates, said)]).toEqual([]);
    expect(said.includes(link.slice(-68))).toBe(false);
    for (const key of (await redis?.admin.keys('*')) ?? []) {
      const held = (await redis?.admin.dumpBuffer(key)) ?? Buffer.alloc(0);
      expect(findCanaries(forms, held), key).toEqual([]);
    }
    // Bells did travel there, and only those who ring and hear are connected.
    const names = String((await redis?.admin.client('LIST')) ?? '').match(/name=[^ ]*sotto[^ ]*/g);
    expect(said.includes('"batch"')).toBe(redis !== undefined);
    expect(names ?? []).toHaveLength(redis ? 3 : 0);
  });

  it('and the hunt does find one where it is planted', () => {
    for (const value of Object.values(canaries)) {
      const padded = `x${value}yz`;
      for (const form of [
        padded,
        Buffer.from(padded).toString('base64'),
        Buffer.from(padded).toString('base64url'),
        Buffer.from(padded).toString('hex'),
        encodeURIComponent(padded),
      ]) {
        expect(findCanaries(forms, form), form).not.toEqual([]);
      }
    }
  });
});
