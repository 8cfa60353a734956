import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A delivery as it came. */
export interface Delivery {
  readonly path: string;
  readonly id: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface WebhookPeer {
  readonly url: string;
  /** Every delivery that came, in order, whatever was answered. */
  readonly ledger: Delivery[];
  /** How many were being answered at once at most, by path. */
  readonly atOnce: Map<string, number>;
  /** Answers from now on; one that never ends the answer is allowed. */
  answer: (delivery: Delivery, response: ServerResponse) => void;
  /** What came to a path, in order. */
  at(path: string): Delivery[];
  close(): Promise<void>;
}

/** A booking system's own server, which notes all that comes. */
export async function startWebhookPeer(): Promise<WebhookPeer> {
  const open = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const chunks: Buffer[] = [];
    open.set(path, (open.get(path) ?? 0) + 1);
    peer.atOnce.set(path, Math.max(peer.atOnce.get(path) ?? 0, open.get(path) ?? 0));
    response.once('close', () => open.set(path, (open.get(path) ?? 0) - 1));
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { headers } = request;
      const body = Buffer.concat(chunks).toString();
      const delivery = { path, id: String(headers['webhook-id']), headers, body };
      peer.ledger.push(delivery);
      peer.answer(delivery, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const peer: WebhookPeer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ledger: [],
    atOnce: new Map(),
    answer: (_delivery, response) => response.writeHead(204).end(),
    at: (path) => peer.ledger.filter((delivery) => delivery.path === path),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return peer;
}
