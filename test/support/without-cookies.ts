import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A way to a server on which no cookie gets through: what a browser that refuses cookies sees.
 *
 * It stands in front of the server instead of in the browser's settings, because not every build of
 * Chromium heeds those.
 */
export async function withoutCookies(
  origin: string,
): Promise<{ origin: string; close: () => Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const { cookie: _cookie, ...headers } = incoming.headers;
    const onward = request(new URL(incoming.url ?? '/', origin), {
      method: incoming.method,
      headers: { ...headers, host: new URL(origin).host },
    });
    onward.once('response', (answer) => {
      const { 'set-cookie': _setCookie, ...kept } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, kept);
      answer.pipe(outgoing);
    });
    onward.once('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
