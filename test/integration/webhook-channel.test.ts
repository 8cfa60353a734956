import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import { createServer as createTcp, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/transport/public-address.ts';
import { createNameResolver } from '../../src/transport/resolve-name.ts';
import { type ChannelOptions, openWebhookChannel } from '../../src/transport/webhook-channel.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startWebhookPeer } from '../support/webhook-peer.ts';

/** Endpoints listen on 8443 or not at all, so the tests take an address of loopback that nobody has. */
const here = `127.${20 + (process.pid % 200)}.${(process.pid >> 8) % 250}.7`;
const certificate = selfSigned();
const message = { headers: { 'webhook-id': 'evt_1' }, body: '{}' };

let server: HttpsServer;
let hosts: string[];
let dns: DnsServer;

beforeAll(async () => {
  hosts = [];
  server = createHttps(certificate, (request, response) => {
    hosts.push(`${request.headers.host} ${request.socket.localAddress}`);
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(8443, here, resolve));
  dns = await startDnsServer();
});
afterEach(() => {
  hosts = [];
});
afterAll(async () => {
  await dns.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** As in production, but for what a test says. */
async function post(options: Partial<ChannelOptions>, times = 1) {
  const channel = openWebhookChannel({
    url: 'https://hooks.example.com:8443/in',
    loopbackAllowed: false,
    resolveName: async () => [here],
    mayConnectTo: (address) => address === here,
    ca: certificate.cert,
    ...options,
  });
  const outcomes: unknown[] = [];
  for (let count = 0; count < times; count += 1) outcomes.push(await channel.post(message));
  channel.close();
  return outcomes.at(-1);
}

describe('a delivery over TLS', () => {
  it('arrives where the certificate is for the name', async () => {
    const named = selfSigned('hooks.example.com');
    const other = createHttps(named, (_request, response) => response.end());
    await new Promise<void>((resolve) => other.listen(8443, `${here}1`, resolve));
    const options = {
      ca: named.cert,
      resolveName: async () => [`${here}1`],
      mayConnectTo: () => true,
    };
    expect(await post(options)).toEqual({ delivered: true, status: 200 });
    expect(await post({ ...options, url: 'https://other.example.com:8443/' })).toEqual({
      delivered: false,
      code: 'tls',
    });
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  });

  it('is not made where the certificate is for another name, or of nobody known', async () => {
    expect(await post({})).toEqual({ delivered: false, code: 'tls' });
    expect(await post({ ca: undefined })).toEqual({ delivered: false, code: 'tls' });
    expect(hosts).toEqual([]);
  });
});

describe('the name of an endpoint', () => {
  it('is resolved once for a turn, whatever it would say the next time', async () => {
    const named = selfSigned('hooks.example.com');
    const answers = [here.replace(/7$/, '9'), '169.254.169.254'];
    const other = createHttps(named, (_request, response) => {
      // The next delivery needs a new connection, and so what the name leads to.
      response.writeHead(200, { connection: 'close' }).end();
    });
    await new Promise<void>((resolve) => other.listen(8443, answers[0], resolve));
    let asked = 0;
    const outcome = await post(
      {
        ca: named.cert,
        resolveName: async () => [answers[asked++] ?? ''],
        mayConnectTo: () => true,
      },
      2,
    );
    expect({ outcome, asked }).toEqual({ outcome: { delivered: true, status: 200 }, asked: 1 });
    await new Promise((resolve) => other.close(resolve));
  });

  it.each([
    ['a private address', ['10.0.0.1']],
    ['cloud metadata', ['169.254.169.254']],
    ['this machine', ['127.0.0.1']],
    ['this machine by IPv6', ['::1']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['a public address and a private one', ['93.184.216.34', '192.168.1.1']],
  ])('leads nowhere if it says %s', async (_what, addresses) => {
    const options = { resolveName: async () => addresses, mayConnectTo: isPublicAddress };
    expect(await post(options)).toEqual({ delivered: false, code: 'address_refused' });
  });

  it('leads nowhere if it says nothing', async () => {
    const options = { resolveName: async () => [] };
    expect(await post(options)).toEqual({ delivered: false, code: 'name_not_found' });
  });

  it('is looked at again once connected', async () => {
    let asked = 0;
    // The first time when it is resolved, the second when the socket says whom it has reached.
    const mayConnectTo = () => ++asked < 2;
    expect(await post({ mayConnectTo })).toEqual({ delivered: false, code: 'address_refused' });
    expect({ asked, hosts }).toEqual({ asked: 2, hosts: [] });
  });

  it('is asked of a name server, with no search domain and no hosts file', async () => {
    dns.records = {
      'hooks.example.com': {
        a: [
          [93, 184, 216, 34],
          [1, 1, 1, 1],
        ],
      },
    };
    const resolve = createNameResolver([dns.address]);
    const signal = AbortSignal.timeout(20_000);
    expect(await resolve('hooks.example.com', signal)).toEqual(['93.184.216.34', '1.1.1.1']);
    expect(await resolve('gone.example.com', signal)).toEqual([]);
    expect(await resolve('localhost', signal)).not.toContain(here);
  });

  it('that no name server answers for takes no longer than a delivery may', async () => {
    dns.isMute = true;
    const startedAt = performance.now();
    const resolveName = createNameResolver([dns.address]);
    const outcome = await post({ resolveName });
    expect(outcome).toMatchObject({ delivered: false });
    expect(performance.now() - startedAt).toBeLessThan(14_000);
    dns.isMute = false;
  });
});

describe('an address that is not as it was when it was stored', () => {
  it.each(['http://127.0.0.1:1/', 'https://10.0.0.1/', 'https://user@example.com/', 'nonsense'])(
    'is refused at each delivery: %s',
    async (url) => {
      expect(await post({ url })).toEqual({ delivered: false, code: 'address_refused' });
    },
  );

  it('is not gone to through a proxy of the environment', async () => {
    const proxy = await startWebhookPeer();
    const peer = await startWebhookPeer();
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'NODE_USE_ENV_PROXY']) {
      process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.url;
    }
    const outcome = await post({ url: `${peer.url}/in`, loopbackAllowed: true });
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'NODE_USE_ENV_PROXY']) {
      delete process.env[name];
    }
    expect(outcome).toEqual({ delivered: true, status: 204 });
    expect([proxy.ledger.length, peer.ledger.length]).toEqual([0, 1]);
    await Promise.all([proxy.close(), peer.close()]);
  });
});

describe('an answer', () => {
  /** A server that says these bytes to whoever connects. */
  async function saying(bytes: string | undefined, work: (url: string) => Promise<void>) {
    const tcp: Server = createTcp((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          if (bytes === undefined) socket.resetAndDestroy();
          else socket.end(bytes);
        });
    });
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    await work(`http://127.0.0.1:${(tcp.address() as { port: number }).port}/`);
    await new Promise((resolve) => tcp.close(resolve));
  }

  it.each([
    ['none, the connection is reset', undefined, 'connection_lost'],
    ['none, the connection is closed', '', 'connection_lost'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'bad_answer'],
    [
      'another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      'bad_answer',
    ],
    ['endless headers', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`, 'bad_answer'],
  ] as const)('that is %s is a failure', async (_what, bytes, code) => {
    await saying(bytes, async (url) => {
      expect(await post({ url, loopbackAllowed: true })).toEqual({ delivered: false, code });
    });
  });

  it('counts by its status, whatever becomes of the rest of it', async () => {
    const cut = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf';
    await saying(cut, async (url) => {
      const outcome = await post({ url, loopbackAllowed: true });
      expect(outcome).toEqual({ delivered: true, status: 200 });
    });
  });

  it('from nobody is told apart', async () => {
    const url = 'http://127.0.0.1:9/';
    const outcome = await post({ url, loopbackAllowed: true });
    expect(outcome).toEqual({ delivered: false, code: 'not_connected' });
  });
});

describe('a question', () => {
  const ask = async (resolveName: ChannelOptions['resolveName']) => {
    const channel = openWebhookChannel({
      ...{ url: 'https://hooks.example.com:8443/in', loopbackAllowed: false, resolveName },
      mayConnectTo: isPublicAddress,
      socketsMax: 4,
    });
    const input = { ...message, answerBytesMax: 1_024 };
    const answers = await Promise.all([channel.ask(input), channel.ask(input), channel.ask(input)]);
    channel.close();
    return answers;
  };

  it('is asked of nobody in a network of our own, and its name is resolved once', async () => {
    let resolved = 0;
    const answers = await ask(async () => {
      resolved += 1;
      return ['93.184.215.14', '169.254.169.254'];
    });
    expect(answers).toEqual(Array(3).fill({ delivered: false, code: 'address_refused' }));
    expect(resolved).toBe(1);
    expect(hosts).toEqual([]);
  });
});
