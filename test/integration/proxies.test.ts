import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canaryForms, findCanaries } from '../support/canaries.ts';
import {
  type ProxyHost,
  type ReverseProxy,
  startCaddy,
  startNginx,
} from '../support/reverse-proxies.ts';
import { waitFor } from '../support/wait-for.ts';

const word = () => randomBytes(24).toString('base64url');
/** What a request holds and no file may: all that opens, stops or names something, and who asked. */
const secrets = {
  link: `a${randomBytes(50).toString('base64url')}`.slice(0, 68),
  optOut: `eyJ${randomBytes(90).toString('base64url')}`,
  attempt: word(),
  inbound: word(),
  bounce: word(),
  reference: `visit-${word()}`,
  key: `sotto_live_${word()}`,
  cookie: word(),
  query: word(),
  referer: word(),
  browser: word(),
  language: word(),
  body: `the body ${word()}`,
  answer: `the answer ${word()}`,
  forged: '203.0.113.77',
};
const forms = canaryForms(secrets);

const paths = {
  link: `/${secrets.link}`,
  optOut: `/stop/${secrets.optOut}`,
  status: `/callbacks/twilio/status/${secrets.attempt}`,
  inbound: `/callbacks/twilio/inbound/${secrets.inbound}`,
  bounce: `/callbacks/email/bounce/${secrets.bounce}`,
  appointment: `/v1/appointments/${secrets.reference}`,
  incident: `/v1/incidents/${secrets.reference}`,
  endpoint: `/v1/webhook-endpoints/${secrets.reference}/rotate-secret`,
  check: '/v1/send-check/test',
  unknown: `/nobody-thought-of/${secrets.link}`,
};

interface Seen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
}

/** Stands where a role would; `behave` says how it treats what comes. */
function startUpstream() {
  const seen: Seen[] = [];
  const behaviour = { breaks: false };
  const server = http.createServer(async (request, response) => {
    let bytes = 0;
    try {
      for await (const chunk of request) bytes += chunk.length;
    } catch {
      return; // cut off while it was still coming
    }
    seen.push({ path: request.url ?? '', headers: request.headers, bytes });
    if (behaviour.breaks) {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(secrets.answer);
      setTimeout(() => response.destroy(), 20);
      return;
    }
    response.writeHead(303, { location: `/${secrets.link}`, 'set-cookie': `s=${secrets.cookie}` });
    response.end(secrets.answer);
  });
  server.keepAliveTimeout = 72_000;
  return {
    seen,
    behaviour,
    async listen(port = 0): Promise<number> {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What a browser or a program sends, with something secret wherever it can. */
function ask(
  host: ProxyHost,
  path: string,
  { method = 'GET', body = '' }: { method?: string; body?: string } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      servername: host.name,
      port: host.port,
      rejectUnauthorized: false,
      method,
      path: `${path}?q=${secrets.query}`,
      headers: {
        host: `${host.name}:${host.port}`,
        'x-forwarded-for': secrets.forged,
        forwarded: `for=${secrets.forged}`,
        authorization: `Bearer ${secrets.key}`,
        cookie: `s=${secrets.cookie}`,
        referer: `https://${host.name}/${secrets.referer}`,
        'user-agent': secrets.browser,
        'accept-language': secrets.language,
        'content-length': Buffer.byteLength(body),
      },
    };
    const request = (host.tls ? https : http).request(options, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode ?? 0));
      response.once('error', () => resolve(0));
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** Bytes as they are; resolves when the other side has closed, or answered. */
function sendRaw(host: ProxyHost, text: string): Promise<void> {
  return new Promise((resolve) => {
    const connection = { host: '127.0.0.1', port: host.port };
    const socket: net.Socket = host.tls
      ? tls.connect({ ...connection, servername: host.name, rejectUnauthorized: false })
      : net.connect(connection);
    socket.on('error', () => {});
    socket.once('data', () => socket.destroy());
    socket.once('close', () => resolve());
    socket.write(text);
    socket.end();
  });
}

describe.each([
  ['nginx', startNginx],
  ['Caddy', startCaddy],
] as const)('%s, as deploy/ configures it', (name, start) => {
  let proxy: ReverseProxy;
  let port: number;
  const upstream = startUpstream();
  const errors = name === 'nginx' ? [502] : [502, 503];

  beforeAll(async () => {
    port = await upstream.listen();
    proxy = await start(port);
  });
  afterAll(async () => {
    await proxy?.stop();
    await upstream.close().catch(() => {});
  });

  const askEverything = async (): Promise<number[]> => {
    const { api, patient, ops } = proxy.hosts;
    const statuses = [];
    for (const path of [paths.link, paths.unknown]) statuses.push(await ask(patient, path));
    statuses.push(await ask(patient, paths.optOut, { method: 'POST', body: secrets.body }));
    statuses.push(await ask(api, paths.appointment, { method: 'PUT', body: secrets.body }));
    const posted = [paths.status, paths.inbound, paths.bounce, paths.endpoint, paths.check];
    for (const path of [paths.incident, ...posted]) {
      statuses.push(await ask(api, path, { method: 'POST', body: secrets.body }));
    }
    statuses.push(await ask(ops, paths.appointment));
    return statuses;
  };

  it('hands on every path as it came, with the address of the client and no other', async () => {
    expect(await askEverything()).toEqual(Array(11).fill(303));
    expect(upstream.seen.map(({ path }) => path)).toContain(`${paths.link}?q=${secrets.query}`);
    expect(new Set(upstream.seen.map(({ headers }) => headers['x-forwarded-for']))).toEqual(
      new Set(['127.0.0.1']),
    );
    expect(upstream.seen.map(({ headers }) => headers.forwarded).filter(Boolean)).toEqual([]);
    expect(upstream.seen.every(({ headers }) => headers['x-forwarded-proto'])).toBe(true);
  });

  it('tells strangers that it runs, and not how what it uses stands', async () => {
    const { api, patient, ops } = proxy.hosts;
    const asked = ['/readyz', '/%72eadyz', '/livez'];
    for (const host of [api, patient]) {
      upstream.seen.length = 0;
      const statuses = [];
      for (const path of asked) statuses.push(await ask(host, path));
      expect(statuses, host.name).toEqual([404, 404, 303]);
      expect(upstream.seen.map(({ path }) => path)).toEqual([`/livez?q=${secrets.query}`]);
    }
    expect(await ask(ops, '/readyz')).toBe(303);
  });

  it('takes what Sotto takes and a little more, and not much more', async () => {
    const { api, patient } = proxy.hosts;
    const post = (host: ProxyHost, path: string, kilobytes: number) =>
      ask(host, path, { method: 'POST', body: secrets.body.padEnd(kilobytes * 1024, '.') });
    upstream.seen.length = 0;
    const taken = [
      post(api, paths.status, 65),
      post(api, paths.bounce, 257),
      post(patient, '/prove/pin', 9),
    ];
    expect(await Promise.all(taken)).toEqual([303, 303, 303]);
    expect(upstream.seen.map(({ bytes }) => bytes / 1024).sort()).toEqual([257, 65, 9].sort());
    const refused = [
      [api, paths.appointment, 200],
      [api, paths.bounce, 700],
      [patient, paths.link, 30],
    ] as const;
    for (const [host, path, kilobytes] of refused) {
      // Told so, or cut off while still sending.
      const status = await post(host, path, kilobytes).catch(() => 413);
      expect([413, ...errors], `${path} of ${kilobytes} kB`).toContain(status);
    }
  });

  it('writes down nothing of them, not even where things go wrong', async () => {
    const { api, patient } = proxy.hosts;
    await askEverything();
    for (const host of [api, patient]) {
      await sendRaw(
        host,
        `GET ${paths.link} HTTP/1.1\r\nHost: ${host.name}:${host.port}\r\nBad ${secrets.body}\r\n\r\n`,
      );
      await sendRaw(host, `GET  ${paths.link} ${secrets.reference} HTTP/9\r\n\r\n`);
      await sendRaw(host, `GET ${paths.link} HTTP/1.1\r\n\r\n`);
      await sendRaw(host, `GET ${paths.link} HTTP/1.1\r\nHost: ${secrets.reference}.test\r\n\r\n`);
      await sendRaw(
        host,
        `GET /${secrets.link.repeat(600)} HTTP/1.1\r\nHost: ${host.name}:${host.port}\r\n\r\n`,
      );
      await sendRaw(
        host,
        `POST ${paths.link} HTTP/1.1\r\nHost: ${host.name}:${host.port}\r\nContent-Length: 500\r\n\r\n${secrets.body}`,
      );
    }
    upstream.behaviour.breaks = true;
    await Promise.allSettled([ask(api, paths.appointment), ask(patient, paths.link)]);
    upstream.behaviour.breaks = false;
    await upstream.close();
    const statuses = await askEverything();
    expect(
      statuses.every((status) => errors.includes(status)),
      String(statuses),
    ).toBe(true);

    const routes = [
      '/v1/appointments',
      '/v1/incidents',
      '/v1/webhook-endpoints',
      '/v1/send-check',
      '/callbacks/twilio/status',
      '/callbacks/email/bounce',
      '/stop',
    ];
    await waitFor(() => routes.every((route) => proxy.written().includes(route)));
    await waitFor(() => errors.some((status) => proxy.written().includes(String(status))));
    expect(findCanaries(forms, proxy.written())).toEqual([]);
    const lines = proxy
      .written()
      .split('\n')
      .filter((line) => line.includes('/v1/appointments'));
    expect(lines.filter((line) => line.includes('127.0.0.1'))).toEqual([]);
  });
});
