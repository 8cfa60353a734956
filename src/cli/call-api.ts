import { z } from 'zod';
import type { ApiAccess } from './api-access.ts';

const answerTimeoutMs = 30_000;

/** What came back; undefined when nothing did, so that nobody knows whether it arrived. */
export type ApiAnswer =
  | {
      readonly status: number;
      readonly body: unknown;
      readonly retryAfterMs: number | undefined;
    }
  | undefined;

export interface ApiCall {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly body?: string;
}

/** One request, on a connection that is kept for the next. Never throws. */
export async function callApi(access: ApiAccess, call: ApiCall): Promise<ApiAnswer> {
  try {
    const response = await fetch(access.url + call.path, {
      method: call.method,
      headers: {
        authorization: `Bearer ${access.key.reveal()}`,
        ...(access.organisation === undefined ? {} : { 'sotto-organisation': access.organisation }),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: call.body }),
      // What answers elsewhere with a key in its hands is not the API.
      redirect: 'error',
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const text = await response.text();
    return { status: response.status, body: jsonFrom(text), retryAfterMs: retryAfter(response) };
  } catch {
    return undefined;
  }
}

const problem = z.object({
  code: z.string().regex(/^[a-z_]{1,64}$/),
  errors: z
    .array(z.object({ pointer: z.string().max(256), code: z.string().regex(/^[a-z_]{1,64}$/) }))
    .optional(),
});
export type Problem = z.infer<typeof problem>;

/** What the API refused, in its codes; a proxy between may have answered something else. */
export function problemIn(body: unknown): Problem {
  return problem.safeParse(body).data ?? { code: 'unknown_answer' };
}

function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function retryAfter(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? 'none');
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}
