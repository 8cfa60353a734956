import type { AppointmentRequest, DeleteAnswer, PutAnswer } from '../domain/appointment.ts';
import type { Secret } from '../domain/secret.ts';
import { EdgeUnreachable } from './edge-unreachable.ts';

const timeoutMs = 10_000;

/** What the API said: what was asked for, or the codes of its refusal. */
export type Answered<Body> =
  | { readonly ok: true; readonly status: number; readonly body: Body }
  | {
      readonly ok: false;
      readonly status: number;
      readonly code: string;
      readonly pointers: readonly string[];
    };

/** What a booking system reads back of an appointment. */
export interface ReadBack {
  readonly version: number;
  readonly state: string;
  readonly reminders: readonly { readonly state: string }[];
}

export type BookingSystem = ReturnType<typeof createBookingSystem>;

/**
 * Speaks to the API as a booking system does, over its public address and knowing nothing of how it
 * works inside.
 *
 * Each call throws `EdgeUnreachable` where nobody answers.
 */
export function createBookingSystem(options: {
  apiUrl: string;
  apiKey: () => Promise<Secret<string>>;
}) {
  async function call<Body>(method: string, path: string, body?: unknown): Promise<Answered<Body>> {
    const apiKey = await options.apiKey();
    try {
      const response = await fetch(`${options.apiUrl}${path}`, {
        method,
        redirect: 'error',
        headers: {
          authorization: `Bearer ${apiKey.reveal()}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { status } = response;
      const said = membersOf(await response.json().catch(() => undefined));
      if (response.ok) return { ok: true, status, body: said as Body };
      return { ok: false, status, ...refusalFrom(said) };
    } catch {
      throw new EdgeUnreachable('api');
    }
  }

  const pathOf = (reference: string) => `/v1/appointments/${encodeURIComponent(reference)}`;
  return {
    put: (reference: string, body: AppointmentRequest) =>
      call<Omit<PutAnswer, 'created'>>('PUT', pathOf(reference), body),
    read: (reference: string) => call<ReadBack>('GET', pathOf(reference)),
    remove: (reference: string) => call<DeleteAnswer>('DELETE', pathOf(reference)),
    erase: (reference: string) => call<DeleteAnswer>('DELETE', `${pathOf(reference)}?erase=true`),
    receiptKeys: () => call<unknown>('GET', '/.well-known/jwks.json'),
  };
}

/** Codes and names of fields alone: what else an answer holds may be anybody's. */
function refusalFrom({ code, errors }: Record<string, unknown>) {
  const pointers = Array.isArray(errors) ? errors.map((one) => membersOf(one).pointer) : [];
  return {
    code: typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? code : 'unknown',
    pointers: pointers.filter((pointer) => typeof pointer === 'string'),
  };
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
