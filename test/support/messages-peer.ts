import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message that the peer has accepted; what it says is what patients would have got. */
export interface AcceptedMessage {
  readonly to: string;
  readonly text: string;
  readonly attemptToken: string;
  readonly providerId: string;
}

/** What the peer does with a request. */
export type PeerAnswer =
  | 'accept'
  | 'accept_then_hang'
  | 'accept_then_reset'
  | 'hang'
  | 'error_500'
  | 'rate_limit'
  | 'credentials'
  | 'opted_out'
  | 'bad_number'
  | 'misconfigured';

export interface MessagesPeer {
  readonly url: string;
  /** Every message accepted, in order: the one truth about who got what. */
  readonly accepted: readonly AcceptedMessage[];
  /** Requests that came, whatever became of them. */
  readonly requests: () => number;
  /** Decides for each request; the default accepts. */
  answer: (to: string) => PeerAnswer | Promise<PeerAnswer>;
  /** Starts a new ledger, and accepts again. */
  forget(): void;
  close(): Promise<void>;
}

const refusals: Partial<Record<PeerAnswer, readonly [status: number, code: number]>> = {
  rate_limit: [429, 20429],
  credentials: [401, 20003],
  opted_out: [400, 21610],
  bad_number: [400, 21211],
  misconfigured: [400, 21606],
};

/** Speaks as much of Twilio's Messages API as a sender needs, and keeps a ledger. */
export async function startMessagesPeer(port = 0): Promise<MessagesPeer> {
  const accepted: AcceptedMessage[] = [];
  let requests = 0;
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      requests += 1;
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const to = form.get('To') ?? '';
      const answer = await peer.answer(to);
      const refusal = refusals[answer];
      if (refusal) {
        const [status, code] = refusal;
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ status, code, message: 'no', more_info: '' }));
        return;
      }
      if (answer === 'error_500') {
        response.writeHead(500).end('oops');
        return;
      }
      if (answer === 'hang') return;
      const providerId = `SM${randomBytes(16).toString('hex')}`;
      accepted.push({
        to,
        text: form.get('Body') ?? '',
        attemptToken: form.get('StatusCallback')?.split('/').at(-1) ?? '',
        providerId,
      });
      if (answer === 'accept_then_hang') return;
      if (answer === 'accept_then_reset') {
        request.socket.resetAndDestroy();
        return;
      }
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ sid: providerId, status: 'queued', to }));
    });
  });
  server.keepAliveTimeout = 10_000;
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const peer: MessagesPeer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted,
    requests: () => requests,
    answer: () => 'accept',
    forget() {
      accepted.length = 0;
      requests = 0;
      peer.answer = () => 'accept';
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return peer;
}
