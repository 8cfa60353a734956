import http from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';

/** Sockets idle for longer are closed, so that a request seldom meets one that the peer has left. */
const idleSocketMs = 4_000;
/** Twilio's answers have about 1 kB; something that sends more than this is not Twilio. */
const answerBytesMax = 256 * 1024;

/** Why no whole answer came. */
export type SilenceReason = 'timeout' | 'connection_lost' | 'not_connected' | 'unclear_answer';

/**
 * No whole answer came. `written` is false only when it is certain that no byte of the request left
 * this process; then nobody can have acted on it.
 */
export class NoAnswer extends Error {
  readonly reason: SilenceReason;
  readonly written: boolean;

  constructor(reason: SilenceReason, written: boolean) {
    super(reason);
    this.name = 'NoAnswer';
    this.reason = reason;
    this.written = written;
  }
}

/** What the official SDK hands to its HTTP client; the rest of its options do not concern us. */
export interface SdkRequest {
  readonly method: string;
  readonly uri: string;
  readonly username?: string;
  readonly password?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly params?: object;
  readonly data?: object;
}

export interface HttpAnswer {
  readonly statusCode: number;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
}

/**
 * An HTTP client for the official SDK that knows whether a request has left.
 *
 * One attempt per call, no redirects, a total timeout that includes the wait for a socket.
 *
 * @param options.baseUrl origin to speak to instead of the one that the SDK names
 * @returns `request`, which rejects with {@link NoAnswer} and nothing else once the call is built
 */
export function createTwilioHttpClient(options: {
  baseUrl?: string | undefined;
  timeoutMs: number;
  maxSockets: number;
}): { request(sdkRequest: SdkRequest): Promise<HttpAnswer>; close(): void } {
  const base =
    options.baseUrl === undefined ? undefined : urlToHttpOptions(new URL(options.baseUrl));
  const secure = (base?.protocol ?? 'https:') === 'https:';
  const { Agent, request: open } = secure ? https : http;
  const agent = new Agent({
    keepAlive: true,
    timeout: idleSocketMs,
    maxSockets: options.maxSockets,
    maxFreeSockets: options.maxSockets,
  });

  return {
    request(sdkRequest) {
      const url = new URL(sdkRequest.uri);
      for (const [name, value] of fields(sdkRequest.params)) url.searchParams.append(name, value);
      const { protocol, hostname, port } = base ?? urlToHttpOptions(url);
      const body = sdkRequest.data && new URLSearchParams(fields(sdkRequest.data)).toString();
      const headers: Record<string, string> = { ...sdkRequest.headers };
      if (sdkRequest.username && sdkRequest.password) {
        const credentials = Buffer.from(`${sdkRequest.username}:${sdkRequest.password}`);
        headers.Authorization = `Basic ${credentials.toString('base64')}`;
      }
      if (body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(body));
      const request = open({
        ...{ protocol, hostname, port, path: url.pathname + url.search },
        ...{ method: sdkRequest.method.toUpperCase(), headers, agent },
      });
      return answerOf(request, { body, secure, timeoutMs: options.timeoutMs });
    },
    close: () => agent.destroy(),
  };
}

function answerOf(
  request: http.ClientRequest,
  input: { body: string | undefined; secure: boolean; timeoutMs: number },
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let written = false;
    request.once('socket', (socket) => {
      // A new socket keeps the request back until it is connected (and, for TLS, until the peer
      // has proved who it is). One that is already past that gets the request at once.
      if (isPending(socket)) {
        socket.once(input.secure ? 'secureConnect' : 'connect', () => {
          written = true;
        });
      } else {
        written = true;
      }
    });

    const fail = (reason: SilenceReason) => {
      clearTimeout(deadline);
      reject(new NoAnswer(written ? reason : 'not_connected', written));
      // In the same tick: what has not been written by now never will be.
      request.destroy();
    };
    const deadline = setTimeout(() => fail('timeout'), input.timeoutMs);

    request.on('error', () => fail('connection_lost'));
    request.once('response', (response) => {
      written = true;
      const { statusCode = 0, headers } = response;
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax) return fail('unclear_answer');
        chunks.push(chunk);
      });
      response.on('error', () => fail('connection_lost'));
      response.once('end', () => {
        if (!response.complete) return fail('connection_lost');
        clearTimeout(deadline);
        resolve({ statusCode, body: Buffer.concat(chunks).toString('utf8'), headers });
      });
    });
    request.end(input.body);
  });
}

function isPending(socket: { connecting: boolean }): boolean {
  // Set by Node while a TLS handshake runs. Were it ever gone, requests would count as written too
  // early, which is the safe side.
  return socket.connecting || ('secureConnecting' in socket && socket.secureConnecting === true);
}

function fields(record: object | undefined): [string, string][] {
  return Object.entries(record ?? {})
    .filter(([, value]) => value !== undefined && value !== null)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
    );
}
