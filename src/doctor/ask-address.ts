import http from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';

/** Why a public address did not answer. */
export type AddressFault = 'unknown_name' | 'not_connected' | 'certificate' | 'timeout';

export type AddressAnswer =
  | {
      readonly status: number;
      /** The beginning of the body; never to be shown. */
      readonly body: string;
      /** When its certificate ends; undefined over plain http. */
      readonly certificateEndsMs: number | undefined;
    }
  | { readonly fault: AddressFault };

const bodyBytesMax = 16 * 1024;

/** One GET without redirects, as a stranger would ask. It never rejects. */
export function askAddress(
  url: string,
  { timeoutMs }: { timeoutMs: number },
): Promise<AddressAnswer> {
  return new Promise((resolve) => {
    const get = url.startsWith('https:') ? https.get : http.get;
    const headers = { 'user-agent': 'sotto-doctor', connection: 'close' };
    const request = get(url, { agent: false, headers }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const settle = () => {
        const body = Buffer.concat(chunks).toString('utf8');
        finish({
          status: response.statusCode ?? 0,
          body,
          certificateEndsMs: endOf(response.socket),
        });
      };
      response.on('error', () => finish({ fault: 'not_connected' }));
      response.on('end', settle);
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > bodyBytesMax) settle();
      });
    });
    const finish = (answer: AddressAnswer) => {
      clearTimeout(deadline);
      resolve(answer);
      request.destroy();
    };
    const deadline = setTimeout(() => finish({ fault: 'timeout' }), timeoutMs);
    request.on('error', (error: NodeJS.ErrnoException) => finish({ fault: faultOf(error) }));
  });
}

function endOf(socket: object): number | undefined {
  if (!('getPeerCertificate' in socket)) return undefined;
  const endsMs = Date.parse((socket as TLSSocket).getPeerCertificate().valid_to);
  return Number.isFinite(endsMs) ? endsMs : undefined;
}

function faultOf({ code = '' }: NodeJS.ErrnoException): AddressFault {
  if (['ENOTFOUND', 'EAI_AGAIN'].includes(code)) return 'unknown_name';
  return /CERT|SSL|TLS|^UNABLE_|^EPROTO$/.test(code) ? 'certificate' : 'not_connected';
}
