import { createServer, type Server } from 'node:https';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  createProviderFetch,
  type ProviderFetchOptions,
} from '../../src/transport/provider-fetch.ts';
import { isPublicAddress } from '../../src/transport/public-address.ts';
import { sayWithoutEnd } from '../support/say-without-end.ts';
import { selfSigned } from '../support/self-signed.ts';

/** Providers listen on 8443 or 443, so the test takes an address of loopback that nobody has. */
const here = `127.${20 + (process.pid % 200)}.${(process.pid >> 8) % 250}.8`;
const certificate = selfSigned('login.example.com');
const site = 'https://login.example.com:8443';

let server: Server;
let connections = 0;
let asked: string[] = [];
let said = () => 0;

beforeAll(async () => {
  server = createServer(certificate, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === '/moved') response.writeHead(302, { location: `${site}/elsewhere` }).end();
    else if (request.url === '/large') response.end(Buffer.alloc(256 * 1024 + 1));
    else if (request.url === '/endless') said = sayWithoutEnd(response.writeHead(200));
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"issuer":1}');
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(8443, here, resolve));
});
beforeEach(() => {
  [connections, asked] = [0, []];
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** As in production, but for what a test says. */
const fetchWith = (options: Partial<ProviderFetchOptions> = {}) =>
  createProviderFetch({
    loopbackAllowed: false,
    resolveName: async () => [here],
    mayConnectTo: (address) => address === here,
    ca: certificate.cert,
    ...options,
  });
const ask = (path: string, options: Partial<ProviderFetchOptions> = {}) =>
  fetchWith(options)(`${site}${path}`, { method: 'GET', headers: {} });

it('a provider on the internet is asked, each time by a connection of its own', async () => {
  expect(await (await ask('/keys')).json()).toEqual({ issuer: 1 });
  await ask('/keys');
  expect({ connections, asked }).toEqual({ connections: 2, asked: ['GET /keys', 'GET /keys'] });
});

it.each([
  ['a private address', ['10.0.0.1']],
  ['cloud metadata', ['169.254.169.254']],
  ['this machine', [here]],
  ['a public address and a private one', ['93.184.216.34', '192.168.1.1']],
])('a provider whose name says %s is not asked', async (_what, addresses) => {
  const asking = ask('/keys', {
    resolveName: async () => addresses,
    mayConnectTo: isPublicAddress,
  });
  await expect(asking).rejects.toMatchObject({ code: 'address_refused' });
  expect({ connections, asked }).toEqual({ connections: 0, asked: [] });
});

it('whoever answers is looked at again once connected, before anything is written', async () => {
  let looked = 0;
  const asking = ask('/keys', { mayConnectTo: () => ++looked < 2 });
  await expect(asking).rejects.toMatchObject({ code: 'address_refused' });
  expect({ looked, asked }).toEqual({ looked: 2, asked: [] });
});

it('a certificate of another name, or of nobody known, is not believed', async () => {
  await expect(ask('/keys', { ca: undefined })).rejects.toMatchObject({
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  const other = fetchWith()('https://other.example.com:8443/', { method: 'GET', headers: {} });
  await expect(other).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  expect(asked).toEqual([]);
});

it('a redirect is not followed, and what is too large is no answer', async () => {
  expect((await ask('/moved')).status).toBe(302);
  await expect(ask('/large')).rejects.toMatchObject({ code: 'bad_answer' });
  expect(asked).toEqual(['GET /moved', 'GET /large']);
});

it('what has no end is not read for longer than what is too large', async () => {
  await expect(ask('/endless')).rejects.toMatchObject({ code: 'bad_answer' });
  // What lay in the sockets' buffers beside it.
  expect(said()).toBeLessThan(16 * 2 ** 20);
});
