import type { FastifyError } from 'fastify';
import { AppError, type ErrorCode, errorCodes, type FieldError } from '../domain/errors.ts';

/** An answer ready to be written to a reply or to a bare socket. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The body of an answer to a program that is no success: codes and pointers, nothing that came in. */
interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];
}

/** @see https://www.rfc-editor.org/rfc/rfc9457#section-3 */
export const problemMediaType = 'application/problem+json';

/**
 * Words a fault as a problem.
 *
 * @param docsBaseUrl the origin whose `/docs/problems/<code>` explains the code
 */
export function problemAnswer(fault: AppError, docsBaseUrl: string): Answer {
  const { status, title } = errorCodes[fault.code];
  const problem: Problem = {
    type: `${docsBaseUrl}/docs/problems/${fault.code}`,
    title,
    status,
    code: fault.code,
    errors: fault.fields,
  };
  return {
    status,
    headers: {
      'content-type': problemMediaType,
      ...(fault.retryAfterS === undefined ? {} : { 'retry-after': String(fault.retryAfterS) }),
      // RFC 9110, 11.6.1: a 401 names the way to sign in.
      ...(status === 401 ? { 'www-authenticate': 'Bearer realm="sotto"' } : {}),
    },
    body: JSON.stringify(problem),
  };
}

/** The framework's refusals that have a code of ours; any other from 400 to 499 is a malformed request. */
const refusals: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
};

/**
 * Any error as one of ours; what nobody foresaw is `internal`.
 *
 * The framework's messages quote what was sent, so nothing but its codes is read.
 */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>;
  if (typeof code === 'string' && code.startsWith('FST_')) {
    const known = Object.hasOwn(refusals, code) ? refusals[code] : undefined;
    if (known) return new AppError(known);
    if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
      return new AppError('malformed_request');
    }
  }
  return new AppError('internal', { cause: error });
}
