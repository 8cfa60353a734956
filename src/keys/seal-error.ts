/**
 * `cannot_seal`: the public key is not usable. `cannot_open`: another key, or bytes that changed.
 * `seal_mismatch`: it opens, but was sealed for another row or purpose, or holds what we never
 * write; this is an incident.
 */
export type SealErrorCode = 'cannot_seal' | 'cannot_open' | 'seal_mismatch';

/** A seal that cannot be made or must not be trusted. Holds its code and nothing of the content. */
export class SealError extends Error {
  readonly code: SealErrorCode;

  constructor(code: SealErrorCode) {
    super(code);
    this.name = 'SealError';
    this.code = code;
  }
}
