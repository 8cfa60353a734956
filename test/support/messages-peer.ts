import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message that the peer has accepted; what it says is what patients would have got. */
export interface AcceptedMessage {
  readonly to: string;
  readonly text: string;
  readonly attemptToken: string;
  readonly providerId: string;
  readonly acceptedAtMs: number;
  /** What the peer still has of it, and what it says of it. */
  readonly copy: { body: string; status: string; errorCode: number | null; deleted: boolean };
}

/** What the peer does with a request. */
export type PeerAnswer =
  | 'accept'
  | 'accept_then_hang'
  | 'accept_then_reset'
  | 'hang'
  | 'error_500'
  | 'error_page'
  | 'rate_limit'
  | 'credentials'
  | 'opted_out'
  | 'bad_number'
  | 'misconfigured';

/** What the peer does with a question about what it has, or with being told to delete it. */
export type PeerRead = 'answer' | 'error_500' | 'hang' | 'reset' | 'not_final';

export interface MessagesPeer {
  readonly url: string;
  /** Every message accepted, in order: the one truth about who got what. */
  readonly accepted: readonly AcceptedMessage[];
  /** Requests that came, whatever became of them. */
  readonly requests: () => number;
  /** Decides for each request; the default accepts. */
  answer: (to: string) => PeerAnswer | Promise<PeerAnswer>;
  /** Decides for each look at the list; the default answers. */
  list: (to: string) => PeerRead | Promise<PeerRead>;
  /** Likewise for each deletion. */
  remove: (providerId: string) => PeerRead | Promise<PeerRead>;
  /** How many of each came. */
  readonly reads: { lists: number; removals: number; redactions: number };
  /** A message is in the list so long after it was accepted. */
  listLagMs: number;
  /** The account keeps no text. */
  redacts: boolean;
  /** Turns its clock on. */
  turnMs: number;
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
  const nowMs = () => Date.now() + peer.turnMs;
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://peer');
    const [, sid] = /\/Messages\/([^/]+)\.json$/.exec(url.pathname) ?? [];
    if (request.method === 'GET') return void answerList(url, request, response);
    if (sid !== undefined) return void changeCopy(sid, request, response);
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
        response.writeHead(status, {
          'content-type': 'application/json',
          ...(status === 429 && { 'retry-after': '2' }),
        });
        response.end(JSON.stringify({ status, code, message: 'no', more_info: '' }));
        return;
      }
      if (answer === 'error_500') {
        response.writeHead(500).end('oops');
        return;
      }
      // Of what stands before it, and takes nothing.
      if (answer === 'error_page') {
        response.writeHead(403, { 'content-type': 'text/html' }).end('<h1>Forbidden</h1>');
        return;
      }
      if (answer === 'hang') return;
      const providerId = `SM${randomBytes(16).toString('hex')}`;
      accepted.push({
        to,
        text: form.get('Body') ?? '',
        attemptToken: form.get('StatusCallback')?.split('/').at(-1) ?? '',
        providerId,
        acceptedAtMs: nowMs(),
        copy: {
          body: peer.redacts ? '' : (form.get('Body') ?? ''),
          ...{ status: 'queued', errorCode: null, deleted: false },
        },
      });
      if (answer === 'accept_then_hang') return;
      if (answer === 'accept_then_reset') {
        request.socket.resetAndDestroy();
        return;
      }
      const body = JSON.stringify({ sid: providerId, status: 'queued', to });
      response.writeHead(201, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      });
      response.end(body);
    });
  });
  /** @returns whether there is nothing more to say */
  function misbehaves(
    what: PeerRead,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): boolean {
    if (what === 'error_500') response.writeHead(500).end('oops');
    if (what === 'reset') request.socket.resetAndDestroy();
    if (what === 'not_final') {
      response.writeHead(409, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status: 409, code: 20009, message: 'no', more_info: '' }));
    }
    return what !== 'answer';
  }

  async function answerList(
    url: URL,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    peer.reads.lists += 1;
    const to = url.searchParams.get('To') ?? '';
    // As of when the question came.
    const askedAtMs = nowMs();
    const shown = accepted
      .filter((message) => message.to === to && !message.copy.deleted)
      .filter(({ acceptedAtMs }) => acceptedAtMs <= askedAtMs - peer.listLagMs)
      .toReversed()
      .map((message) => ({ ...message, copy: { ...message.copy } }));
    if (misbehaves(await peer.list(to), request, response)) return;
    const page = Number(url.searchParams.get('Page') ?? 0);
    const size = Number(url.searchParams.get('PageSize') ?? 50);
    const next = new URL(url);
    next.searchParams.set('Page', String(page + 1));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        messages: shown
          .slice(page * size, (page + 1) * size)
          .map(({ copy, providerId, acceptedAtMs }) => ({
            ...{ sid: providerId, to, body: copy.body, direction: 'outbound-api' },
            ...{ status: copy.status, error_code: copy.errorCode, date_sent: null },
            date_created: new Date(acceptedAtMs).toUTCString().replace('GMT', '+0000'),
          })),
        ...{ page, page_size: size, uri: url.pathname + url.search },
        next_page_uri: (page + 1) * size < shown.length ? next.pathname + next.search : null,
      }),
    );
  }

  async function changeCopy(
    sid: string,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    const isRemoval = request.method === 'DELETE';
    peer.reads[isRemoval ? 'removals' : 'redactions'] += 1;
    if (misbehaves(isRemoval ? await peer.remove(sid) : 'answer', request, response)) return;
    const message = accepted.find(({ providerId, copy }) => providerId === sid && !copy.deleted);
    if (!message) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status: 404, code: 20404, message: 'no', more_info: '' }));
      return;
    }
    message.copy.body = '';
    if (isRemoval) message.copy.deleted = true;
    if (isRemoval) response.writeHead(204).end();
    else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ sid, body: '' }));
    }
  }

  server.keepAliveTimeout = 10_000;
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const peer: MessagesPeer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted,
    requests: () => requests,
    answer: () => 'accept',
    list: () => 'answer',
    remove: () => 'answer',
    reads: { lists: 0, removals: 0, redactions: 0 },
    ...{ listLagMs: 0, redacts: false, turnMs: 0 },
    forget() {
      accepted.length = 0;
      requests = 0;
      peer.answer = () => 'accept';
      peer.list = () => 'answer';
      peer.remove = () => 'answer';
      Object.assign(peer.reads, { lists: 0, removals: 0, redactions: 0 });
      Object.assign(peer, { listLagMs: 0, redacts: false, turnMs: 0 });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return peer;
}
