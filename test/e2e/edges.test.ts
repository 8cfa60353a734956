import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiRequests } from '../fuzz/api-requests.ts';
import { newCanary, prepareApi, prepareVisitors } from '../fuzz/ground.ts';
import { apiJudge, pageJudge } from '../fuzz/judge.ts';
import { pageRequests } from '../fuzz/page-requests.ts';
import { runFuzz } from '../fuzz/run-fuzz.ts';
import { routeRows } from '../support/route-rows.ts';
import { type System, startSystem } from '../support/system.ts';

let system: System;
let listeners: Record<'api' | 'patient' | 'ops', string>;
/** Opened first, so that their time is over when the rest is done. */
let slow: Promise<number>[];
const names = ['api', 'patient', 'ops'] as const;
/** A listener may take this long to notice: its time for a request, and the pace at which it looks. */
const slowestMs = 27_000;

beforeAll(async () => {
  system = await startSystem({ LOG_LEVEL: 'error' });
  const { apiUrl: api, patientUrl: patient, opsUrl: ops } = system.facts;
  listeners = { api, patient, ops };
  slow = names.flatMap((name) => [
    dribble(listeners[name], 'GET /livez HTTP/1.1\r\nHost: localhost\r\n', 'X-Slow: a\r\n'),
    dribble(
      listeners[name],
      'POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\n',
      'a',
    ),
  ]);
});
afterAll(() => system.stop());

/** Sends a little each second; resolves with the ms after which the other side had enough. */
function dribble(url: string, start: string, more: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const timer = setInterval(() => socket.write(more), 1_000);
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.once('close', () => {
      clearInterval(timer);
      resolve(performance.now() - startedAt);
    });
    socket.write(start);
  });
}

/** Bytes as they are, and all that comes back until the other side closes or is silent. */
function raw(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setTimeout(8_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(text));
    socket.write(bytes);
  });
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';
const post = (headers: string, body: string, path = '/login') =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${body}`;
/** What takes a body from anybody. */
const bodyPath = { api: '/callbacks/twilio/status/x', patient: '/prove', ops: '/login' };

describe.each(names)('at %s, one request is one', (name) => {
  it.each([
    [
      'length and chunks',
      post('Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`),
    ],
    [
      'chunks and length',
      post('Transfer-Encoding: chunked\r\nContent-Length: 4', `0\r\n\r\n${smuggled}`),
    ],
    ['two lengths', post('Content-Length: 0\r\nContent-Length: 47', smuggled)],
    ['a length list', post('Content-Length: 0, 47', smuggled)],
    ['a signed length', post('Content-Length: +0', smuggled)],
    ['a spaced name', post('Content-Length : 0', smuggled)],
    ['a folded header', post('X: a\r\n Content-Length: 0', smuggled)],
    ['unknown coding', post('Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`)],
    ['a tabbed coding', post('Transfer-Encoding:\tchunked, identity', `0\r\n\r\n${smuggled}`)],
    ['a chunk size with more', post('Transfer-Encoding: chunked', `0x0\r\n\r\n${smuggled}`)],
    ['NUL in a header', post('X: a\0b\r\nContent-Length: 0', smuggled)],
    ['bare line feeds', `POST /login HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n${smuggled}`],
  ])('with %s', async (_what, bytes) => {
    const answers = (await raw(listeners[name], bytes)).match(/^HTTP\/1\.1 \d{3}/gm) ?? [];
    expect(answers).toEqual(['HTTP/1.1 400']);
  });

  it('and one that is too large is cut off', async () => {
    const large = await raw(
      listeners[name],
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
    );
    expect(large).toMatch(/^HTTP\/1\.1 (400|413)/);
    expect(large).toMatch(/^connection: close/im);
    const form = 'Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked';
    const endless = post(form, `20000\r\n${'a'.repeat(0x2_0000)}\r\n`, bodyPath[name]);
    expect(await raw(listeners[name], endless)).toMatch(/^HTTP\/1\.1 413/);
  });
});

describe.each(names)('%s answers', (name) => {
  it('each route as no cache, frame or guess of a type may have it, and names no software', async () => {
    for (const route of Object.keys(routeRows[name])) {
      const [method = '', path = ''] = route.split(' ');
      const { headers } = await fetch(`${listeners[name]}${path.replace(/:\w+/, 'x')}`, {
        method,
        redirect: 'manual',
      });
      const mayStay = /jwks/.test(path) && name === 'api';
      if (!mayStay) expect(headers.get('cache-control'), route).toBe('no-store');
      expect(headers.get('content-security-policy'), route).toMatch(/frame-ancestors 'none'/);
      expect(headers.get('x-content-type-options'), route).toBe('nosniff');
      expect(headers.get('referrer-policy'), route).toBe('no-referrer');
      expect(headers.get('access-control-allow-origin'), route).toBeNull();
      for (const header of ['server', 'x-powered-by', 'via'])
        expect(headers.get(header)).toBeNull();
    }
  });

  it('strange methods and hosts with no effect, and with no host of theirs', async () => {
    const lines = [
      'TRACE / HTTP/1.1\r\nHost: localhost\r\nX-Secret: evil.example',
      'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443',
      'GET http://evil.example/login HTTP/1.1\r\nHost: evil.example',
      'GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: ftp',
      'GET /prove HTTP/1.1\r\nHost: a\r\nHost: evil.example',
      'GET / HTTP/1.1',
      'PROPFIND / HTTP/1.1\r\nHost: evil.example',
      'get / HTTP/1.1\r\nHost: evil.example',
      'POST /login HTTP/1.1\r\nHost: evil.example\r\nX-HTTP-Method-Override: DELETE\r\nContent-Length: 0',
    ];
    for (const line of lines) {
      const answer = await raw(listeners[name], `${line}\r\nConnection: close\r\n\r\n`);
      expect(answer, line).not.toContain('evil.example');
      expect(answer, line).not.toMatch(/^HTTP\/1\.1 5/);
    }
  });

  it('with no open redirect, and no header that a path or query wrote', async () => {
    const paths = [
      ...['//evil.example', '/\\evil.example', '/%2f%2fevil.example', '/..//evil.example/'],
      ...[
        '/login?next=//evil.example',
        '/login?next=https://evil.example',
        '/login?next=/\\evil.example',
      ],
      ...[
        '/login?next=/%0d%0aX-Injected:%201',
        '/?lang=%0d%0aX-Injected:%201',
        '/%0d%0aX-Injected:1',
      ],
      ...[
        '/portal/return/%2f%2fevil.example',
        '/stopped/sms?lang=//evil.example',
        '/queues//evil.example',
      ],
    ];
    const { opsUser: user, opsPassword: password } = system.facts;
    for (const path of paths) {
      for (const method of name === 'ops' ? ['GET', 'POST'] : ['GET']) {
        const body = new URLSearchParams({ user: user ?? '', password: password ?? '' });
        const answer = await fetch(`${listeners[name]}${path}`, {
          method,
          redirect: 'manual',
          ...(method === 'POST' && { body }),
        });
        const location = answer.headers.get('location');
        if (location !== null) expect(location, path).toMatch(/^\/(?![/\\])/);
        expect(answer.headers.get('x-injected')).toBeNull();
        expect(answer.status, path).toBeLessThan(500);
      }
    }
  });
});

describe('a booking system’s request', () => {
  const body = () => ({
    start: Temporal.Now.instant().round('minute').add({ hours: 100 }).toString(),
    timeZone: 'Europe/Paris',
    details: { practitioner: 'Dr. Edge' } as Record<string, unknown>,
    recipient: { phone: '+33639980055', pin: '482913' } as Record<string, unknown>,
  });
  const put = (change: (appointment: ReturnType<typeof body>) => unknown, reference = 'edge-1') => {
    const appointment = body();
    return system.call('PUT', `/v1/appointments/${reference}`, change(appointment) ?? appointment);
  };

  it('pollutes no prototype and goes to no depth', async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`);
    const strange: Record<string, unknown>[] = [
      { constructor: { prototype: { polluted: 1 } } },
      { toString: 1, valueOf: 1, hasOwnProperty: 1 },
      { deep },
    ];
    for (const more of strange) {
      const answer = await put((appointment) => ({
        ...appointment,
        details: { ...appointment.details, ...more },
      }));
      expect(answer.status).toBe(422);
    }
    const raws = ['{"__proto__":{"polluted":1}}', `${'['.repeat(30_000)}`, '{"start":1,"start":2}'];
    for (const text of raws) {
      const answer = await fetch(`${listeners.api}/v1/appointments/edge-1`, {
        method: 'PUT',
        headers: {
          authorization: `Bearer ${system.facts.apiKey}`,
          'content-type': 'application/json',
        },
        body: text,
      });
      expect(answer.status).toBe(400);
    }
    expect((await put(() => undefined)).status).toBe(201);
  });

  it('leaves nothing that steers a display, a mail or a path', async () => {
    const lines = ['a\u202eb', 'a\r\nBcc: x@example.org', 'a\0b', '\u200b\u200b', 'a\u2028b'];
    for (const practitioner of lines) {
      expect(
        (await put((one) => ({ ...one, details: { practitioner } }))).status,
        practitioner,
      ).toBe(422);
    }
    const emails = [
      ...['a@example.org\r\nBcc: b@example.org', 'a@example.org, b@example.org', '<a@example.org>'],
      ...[
        'a\u200b@example.org',
        'a@example.org\u0000',
        '"a b"@example.org\r\n',
        'a@[127.0.0.1]',
        'a@-',
      ],
    ];
    for (const email of emails) {
      const answer = await put((one) => ({ ...one, recipient: { email, pin: '482913' } }));
      expect(answer.status, JSON.stringify(email)).toBe(422);
    }
    const references = ['e\u0301dge', 'еdge', 'edge\u200b', '..', 'a%2fb', 'edge;x', 'edge%00'];
    for (const reference of references) {
      const { status } = await put(() => undefined, encodeURI(reference));
      expect(reference === '..' ? [404, 405] : [422], reference).toContain(status);
    }
  });

  it('names no private address to send webhooks to', async () => {
    // A name is looked up at each delivery: webhook-channel.test.ts.
    const hosts = [
      ...[
        '169.254.169.254',
        '10.0.0.1',
        '192.168.1.1',
        '172.16.0.1',
        '100.64.0.1',
        '0.0.0.0',
        '[fe80::1]',
      ],
      ...[
        '[::ffff:169.254.169.254]',
        '[64:ff9b::a9fe:a9fe]',
        '2852039166',
        '0xa9fea9fe',
        '0251.0376.0251.0376',
      ],
      ...['169.254.169.254.', '[fd00:ec2::254]', '10.1'],
    ];
    for (const host of hosts) {
      const answer = await system.call('POST', '/v1/webhook-endpoints', {
        url: `https://${host}/`,
      });
      expect(answer.status, host).toBe(422);
    }
  });
});

describe('some seconds of the fuzzer', () => {
  const canary = newCanary();
  const seed = Math.floor(Math.random() * 2 ** 30);

  it('find no fault in the pages of patients', async () => {
    const visitors = await prepareVisitors(system, { canary, count: 2 });
    const { faults } = await runFuzz({
      ...{ system, seed, url: listeners.patient, count: 500 },
      requests: pageRequests(visitors, canary),
      judge: pageJudge(visitors, canary),
    });
    expect(faults, `SEED=${seed}`).toEqual([]);
  });

  it('find no fault in the API', async () => {
    const { faults } = await runFuzz({
      ...{ system, seed, url: listeners.api, count: 1_000 },
      requests: apiRequests(await prepareApi(system, canary)),
      judge: apiJudge(canary),
    });
    expect(faults, `SEED=${seed}`).toEqual([]);
  });
});

it('whoever is slow is let go of, at each listener', async () => {
  for (const ms of await Promise.all(slow)) expect(ms).toBeLessThan(slowestMs + 15_000);
});
