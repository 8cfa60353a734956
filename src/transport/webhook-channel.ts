import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { limits } from '../../config/limits.ts';
import type { DeliveryFault, DeliveryOutcome } from '../domain/webhook.ts';
import { isLoopbackAddress } from './public-address.ts';
import type { ResolveName } from './resolve-name.ts';
import { checkPeer, lookupOf, Refused, resolveTarget } from './strangers-address.ts';
import { readWebhookTarget, type WebhookTarget } from './webhook-target.ts';

/** A way to one endpoint, for a few deliveries one after the other. */
export interface WebhookChannel {
  /** Never throws, and ends within `webhookTimeoutMs`. */
  post(input: {
    headers: Readonly<Record<string, string>>;
    body: string;
  }): Promise<DeliveryOutcome>;
  /**
   * Likewise, where what comes back counts: as text, if it is a 200 of at most so many bytes that came
   * whole.
   */
  ask(input: {
    headers: Readonly<Record<string, string>>;
    body: string;
    answerBytesMax: number;
  }): Promise<{ readonly text: string } | (DeliveryOutcome & { readonly delivered: false })>;
  close(): void;
}

export interface ChannelOptions {
  readonly url: string;
  readonly loopbackAllowed: boolean;
  readonly resolveName: ResolveName;
  /** Of addresses that are not this machine's: whether to connect to one. */
  readonly mayConnectTo: (address: string) => boolean;
  /** Certificates to trust beside those of the machine. */
  readonly ca?: string | undefined;
  /** One unless given. */
  readonly socketsMax?: number | undefined;
}

/**
 * Opens a channel to the address of an endpoint, which a stranger chose.
 *
 * Its name is resolved once; if a single one of its addresses will not do, none is used. Connections
 * go to those addresses and no other, and who answers is looked at again once connected. The name is
 * what TLS verifies. Redirects are not followed, no proxy is used, and nothing of an answer to a delivery
 * is kept but its status.
 */
export function openWebhookChannel(options: ChannelOptions): WebhookChannel {
  const target = readWebhookTarget(options.url, options);
  const settings = { keepAlive: true, maxSockets: options.socketsMax ?? 1 };
  const agent =
    typeof target !== 'string' && target.isLoopback
      ? new http.Agent(settings)
      : new https.Agent(settings);
  let pinned: Promise<readonly string[]> | undefined;

  async function deliver(input: {
    headers: Readonly<Record<string, string>>;
    body: string;
    answerBytesMax?: number;
  }): Promise<Answer> {
    // An address that was right when it was stored need not be so under other rules.
    if (typeof target === 'string') throw new Refused('address_refused');
    const signal = AbortSignal.timeout(limits.webhookTimeoutMs);
    pinned ??= resolveTarget(target, options, signal);
    const once = { ...input, ...options, target, agent, signal, addresses: await pinned };
    // One that was kept open may have been closed by the other side at this moment.
    return postOnce(once).catch((error: unknown) => {
      if (error instanceof Refused || !('isReused' in (error as object))) throw error;
      return postOnce(once);
    });
  }

  return {
    post: (input) => deliver(input).then(({ status }) => outcomeOf(status), failed),
    ask: (input) =>
      deliver(input)
        .then(({ status, text }) => {
          const outcome = outcomeOf(status);
          if (!outcome.delivered) return outcome;
          if (status !== 200 || text === undefined) throw new Refused('bad_answer');
          return { text };
        })
        .catch(failed),
    close: () => agent.destroy(),
  };
}

/** The text only where it was asked for, and came whole. */
interface Answer {
  readonly status: number;
  readonly text?: string | undefined;
}

function failed(error: unknown): DeliveryOutcome & { readonly delivered: false } {
  return { delivered: false, code: faultOf(error) };
}

function postOnce(input: {
  target: WebhookTarget;
  agent: http.Agent | https.Agent;
  addresses: readonly string[];
  headers: Readonly<Record<string, string>>;
  body: string;
  signal: AbortSignal;
  mayConnectTo: ChannelOptions['mayConnectTo'];
  ca?: string | undefined;
  answerBytesMax?: number;
}): Promise<Answer> {
  const { target, agent, addresses, headers, body, signal, ca, answerBytesMax } = input;
  const { url, host, isLoopback } = target;
  const isAllowed = isLoopback ? isLoopbackAddress : input.mayConnectTo;
  return new Promise((resolve, reject) => {
    const request = (isLoopback ? http : https).request({
      agent,
      method: 'POST',
      host,
      port: url.port || undefined,
      path: url.pathname + url.search,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      signal,
      lookup: lookupOf(addresses),
      // Of an address TLS has no name to ask for; its certificate must be for that address.
      servername: isIP(host) === 0 ? host : '',
      rejectUnauthorized: true,
      ...(ca && { ca }),
    });
    checkPeer(request, isAllowed);
    let status: number | undefined;
    let text: string | undefined;
    /** Once the status was told, how the rest ends matters only to who wants the text. */
    const end = (error: Error) => {
      if (status === undefined) reject(error);
      else if (answerBytesMax !== undefined && text === undefined && signal.aborted) {
        reject(new Refused('timeout'));
      } else resolve({ status, text });
    };
    request.once('response', (response) => {
      status = response.statusCode ?? 0;
      const chunks: Buffer[] = [];
      let readBytes = 0;
      response.on('data', (chunk: Buffer) => {
        readBytes += chunk.length;
        if (readBytes > (answerBytesMax ?? limits.webhookAnswerBytesMax)) response.destroy();
        else if (answerBytesMax !== undefined) chunks.push(chunk);
      });
      response.on('end', () => {
        if (answerBytesMax !== undefined) text = Buffer.concat(chunks).toString();
      });
      response.on('error', () => {});
    });
    request.on('error', (error: Error & { code?: string }) => {
      const isReused = request.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(error.code ?? '');
      end(isReused ? Object.assign(error, { isReused }) : error);
    });
    request.once('close', () => end(new Refused('bad_answer')));
    request.end(body);
  });
}

function outcomeOf(status: number): DeliveryOutcome {
  if (status >= 200 && status < 300) return { delivered: true, status };
  if (status >= 300 && status < 400) return { delivered: false, code: 'redirected', status };
  return { delivered: false, code: status === 410 ? 'gone' : 'http_status', status };
}

/** By the codes that Node and OpenSSL give; their texts may quote what came. */
const faults: readonly (readonly [RegExp, DeliveryFault])[] = [
  [/^(ABORT_ERR|TimeoutError|AbortError|23)$/, 'timeout'],
  [/^(ECONNRESET|EPIPE|ERR_STREAM_PREMATURE_CLOSE)$/, 'connection_lost'],
  [/^(HPE_|ERR_HTTP)/, 'bad_answer'],
  [/CERT|TLS|SSL|EPROTO|^UNABLE_|^INVALID_(CA|PURPOSE)|^HOSTNAME_/, 'tls'],
];

function faultOf(error: unknown): DeliveryFault {
  if (error instanceof Refused) return error.code;
  const { name, code } = error as { name?: string; code?: unknown };
  const words = [String(code), String(name)];
  return (
    faults.find(([pattern]) => words.some((word) => pattern.test(word)))?.[1] ?? 'not_connected'
  );
}
