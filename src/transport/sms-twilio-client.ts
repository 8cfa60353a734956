import twilio from 'twilio';
import type { Secret } from '../domain/secret.ts';
import { createTwilioHttpClient, type SdkRequest } from './sms-twilio-http.ts';

/** An answer other than 2xx. `code` is there only when the body is Twilio's own. */
export class RefusedAnswer extends Error {
  readonly status: number;
  readonly code: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, code: number | undefined, retryAfterMs: number | undefined) {
    super('refused_answer');
    this.name = 'RefusedAnswer';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The official SDK over an HTTP client that asks once and throws {@link RefusedAnswer} or NoAnswer. */
export function createTwilioClient(options: {
  accountSid: string;
  keySid?: string | undefined;
  authToken: Secret<string>;
  baseUrl?: string | undefined;
  timeoutMs: number;
  maxSockets: number;
}): { client: twilio.Twilio; close(): void } {
  const http = createTwilioHttpClient(options);
  const httpClient = {
    async request(sdkRequest: SdkRequest) {
      const answer = await http.request(sdkRequest);
      if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
      throw new RefusedAnswer(
        answer.statusCode,
        twilioErrorCode(answer.body, answer.statusCode),
        retryAfterMs(answer.headers['retry-after']),
      );
    },
  };
  // Empty edge and region keep variables of the environment from redirecting the SDK.
  const client = twilio(options.keySid ?? options.accountSid, options.authToken.reveal(), {
    accountSid: options.accountSid,
    httpClient: httpClient as never,
    edge: '',
    region: '',
  });
  return { client, close: http.close };
}

/**
 * The `code` of Twilio's own error body. A gateway in between may answer JSON with a `code` too, so
 * it must be one of Twilio's five digits and the body's status that of the answer.
 */
export function twilioErrorCode(body: string, status: number): number | undefined {
  try {
    const error = JSON.parse(body) as { code?: unknown; status?: unknown } | null;
    const code = error?.code;
    return Number.isInteger(code) && /^[1-9]\d{4}$/.test(String(code)) && error?.status === status
      ? (code as number)
      : undefined;
  } catch {
    return undefined;
  }
}

const retryAfterMsMax = 60 * 60_000;

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), retryAfterMsMax) : undefined;
}
