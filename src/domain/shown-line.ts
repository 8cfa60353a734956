import type { FieldErrorCode } from './errors.ts';

/**
 * What steers a display instead of being shown: control characters, line and paragraph separators,
 * and what reverses the text behind it (Unicode UAX #9, embeddings and overrides).
 */
export const steering = /[\p{Cc}\u2028\u2029\u202a-\u202e]/u;
export const letterOrDigit = /[\p{L}\p{N}]/u;

/** What is wrong with a line that people read later: a name, a label, a reason. */
export function lineFault(text: string, charactersMax: number): FieldErrorCode | undefined {
  if (!letterOrDigit.test(text)) return 'too_short';
  if (text.length > charactersMax) return 'too_long';
  return steering.test(text) ? 'control_character' : undefined;
}
