import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { limits } from '../../config/limits.ts';
import { isLoopbackAddress } from './public-address.ts';
import {
  type AddressRules,
  checkPeer,
  lookupOf,
  Refused,
  resolveTarget,
} from './strangers-address.ts';
import { readWebhookTarget } from './webhook-target.ts';

export interface ProviderFetchOptions extends AddressRules {
  /** Whether a provider may stand on this machine, over plain HTTP: to try things out. */
  readonly loopbackAllowed: boolean;
  /** Certificates to trust beside those of the machine. */
  readonly ca?: string | undefined;
}

/** As `fetch`, for what a client of OpenID Connect asks. */
export type ProviderFetch = (
  url: string,
  options: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  },
) => Promise<Response>;

/**
 * Asks a provider of logins, whose address an organisation chose: only what is on the public
 * internet, by TLS, each time anew; no redirect is followed, no proxy used, and an answer that takes
 * too long or is too large is none.
 */
export function createProviderFetch(options: ProviderFetchOptions): ProviderFetch {
  return async (text, { method, headers, body }) => {
    const target = readWebhookTarget(text, options);
    if (typeof target === 'string') throw new Refused('address_refused');
    const { url, host, isLoopback } = target;
    const signal = AbortSignal.timeout(limits.portalTimeoutMs);
    const addresses = await resolveTarget(target, options, signal);
    const payload = body === undefined || body === null ? '' : String(body);
    const request = (isLoopback ? http : https).request({
      ...{ method, host, signal },
      port: url.port || undefined,
      path: url.pathname + url.search,
      agent: false,
      headers: { ...headers, 'content-length': Buffer.byteLength(payload) },
      lookup: lookupOf(addresses),
      // Of an address TLS has no name to ask for; its certificate must be for that address.
      servername: isIP(host) === 0 ? host : '',
      rejectUnauthorized: true,
      ...(options.ca && { ca: options.ca }),
    });
    checkPeer(request, isLoopback ? isLoopbackAddress : options.mayConnectTo);
    return answerTo(request, payload);
  };
}

function answerTo(request: http.ClientRequest, payload: string): Promise<Response> {
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('close', () => reject(new Refused('bad_answer')));
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let readBytes = 0;
      response.on('data', (chunk: Buffer) => {
        readBytes += chunk.length;
        if (readBytes > limits.portalAnswerBytesMax) response.destroy(new Refused('bad_answer'));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => {
        const status = response.statusCode ?? 0;
        const type = response.headers['content-type'];
        const mayHaveBody = status >= 200 && ![204, 205, 304].includes(status);
        if (status < 200 || status > 599) return reject(new Refused('bad_answer'));
        return resolve(
          new Response(mayHaveBody ? Buffer.concat(chunks) : null, {
            status,
            headers: type === undefined ? {} : { 'content-type': type },
          }),
        );
      });
    });
    request.end(payload);
  });
}
