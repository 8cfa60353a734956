/**
 * Every error a user can meet has one of these codes. The code is the contract: its meaning never
 * changes, while titles and texts may. Problems that go out hold codes and pointers, never input.
 */
export const errorCodes = {
  malformed_request: { status: 400, title: 'The request could not be read.' },
  unauthenticated: {
    status: 401,
    title: 'The credential is missing, unknown, expired or revoked.',
  },
  token_refused: {
    status: 401,
    title: 'The signature is good, and what was signed is not this request, now; see errors.',
  },
  token_replayed: { status: 401, title: 'This signed request was let in before. Sign anew.' },
  forbidden: {
    status: 403,
    title: 'The credential lacks the scope for this, or is not for this organisation.',
  },
  not_found: { status: 404, title: 'There is nothing here.' },
  method_not_allowed: { status: 405, title: 'This address does not take that method.' },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive. Nothing was accepted; try again.',
  },
  stale_revision: {
    status: 409,
    title: 'This revision is used up: one as high or higher is stored.',
  },
  revision_required: { status: 409, title: 'This appointment uses revisions; send one.' },
  cursor_too_old: {
    status: 410,
    title: 'Events behind this cursor are kept no longer; begin anew with what is kept.',
  },
  payload_too_large: { status: 413, title: 'The request is larger than allowed.' },
  unsupported_media_type: { status: 415, title: 'Send application/json, uncompressed.' },
  invalid_request: { status: 422, title: 'Some fields are not acceptable; see errors.' },
  rate_limited: { status: 429, title: 'Too many requests; slow down.' },
  quota_exceeded: {
    status: 429,
    title:
      'The key or its organisation had as much accepted as it may for now. Nothing was accepted.',
  },
  internal: {
    status: 500,
    title:
      'Something went wrong on our side. What was asked for may have been done all the same; try again.',
  },
  not_stored: {
    status: 500,
    title: 'What was stored is not what was sent. The reminder is paused and we were alerted.',
  },
  busy: { status: 503, title: 'This appointment is being changed; try again.' },
  overloaded: {
    status: 503,
    title: 'More is asked for than can be done in time. Nothing was accepted; try again.',
  },
  restoring: {
    status: 503,
    title:
      'The database is being compared with what was promised. Nothing was accepted; try again.',
  },
  key_missing: { status: 503, title: 'A key to seal or to sign with is not there yet; try again.' },
  unavailable: {
    status: 503,
    title: 'The database is away. What was asked for may have been done all the same; try again.',
  },
} as const satisfies Record<string, { status: number; title: string }>;
export type ErrorCode = keyof typeof errorCodes;

/** What is wrong with one field of a request. */
export type FieldErrorCode =
  | 'required'
  | 'unknown_field'
  | 'read_only'
  | 'invalid_type'
  | 'invalid_value'
  | 'too_long'
  | 'too_short'
  | 'too_many'
  | 'control_character'
  | 'invalid_reference'
  | 'invalid_start'
  | 'offset_mismatch'
  | 'start_ambiguous'
  | 'start_nonexistent'
  | 'start_in_past'
  | 'unknown_time_zone'
  | 'too_far_ahead'
  | 'invalid_before'
  | 'duplicate_reminder'
  | 'channel_unavailable'
  | 'channel_behind'
  | 'no_contact_point'
  | 'no_usable_factor'
  | 'invalid_phone'
  | 'unreachable_phone'
  | 'country_not_allowed'
  | 'reserved_number'
  | 'reserved_address'
  | 'invalid_email'
  | 'invalid_birth_date'
  | 'invalid_pin'
  | 'trivial_pin'
  | 'invalid_subject'
  | 'details_too_large'
  | 'invalid_url'
  | 'private_address';

/** A field's fault: a JSON Pointer (RFC 6901) into the body and a code. */
export interface FieldError {
  readonly pointer: string;
  readonly code: FieldErrorCode;
}

/**
 * An error with a code for the outside. Its message is the code alone, so that an error that ends
 * in a log or a queue says nothing about anyone; `cause` is for debugging in a process, not for
 * printing.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  readonly retryAfterS: number | undefined;

  constructor(
    code: ErrorCode,
    options: { fields?: readonly FieldError[]; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.fields = options.fields ?? [];
    this.retryAfterS = options.retryAfterS;
  }
}
