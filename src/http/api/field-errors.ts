import type { z } from 'zod';
import type { FieldError, FieldErrorCode } from '../../domain/errors.ts';

type Issue = z.core.$ZodIssue;

/** So that an answer stays small whatever was sent. */
const errorsMax = 50;
/** What a mistyped name of a field looks like, and what a person's name or a sentence does not. */
const fieldName = /^[a-z][A-Za-z0-9_]{0,39}$/;

/**
 * What a schema found wrong, as codes with JSON Pointers.
 *
 * A pointer to an unknown field holds that field's name, since it could not be found otherwise. What
 * does not look like a field's name is left out, and the object that holds it named instead: nothing
 * that somebody put there by mistake comes back.
 *
 * @param input what was checked; looked at only to tell a missing field from a wrong one
 */
export function fieldErrors(issues: readonly Issue[], input: unknown): FieldError[] {
  return issues.flatMap((issue) => errorsOf(issue, input)).slice(0, errorsMax);
}

/** @see https://www.rfc-editor.org/rfc/rfc6901#section-3 */
function jsonPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

function errorsOf(issue: Issue, input: unknown): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: jsonPointer(fieldName.test(key) ? [...issue.path, key] : issue.path),
      code: 'unknown_field',
    }));
  }
  return [{ pointer: jsonPointer(issue.path), code: codeOf(issue, valueAt(input, issue.path)) }];
}

function codeOf(issue: Issue, value: unknown): FieldErrorCode {
  if (value === undefined) return 'required';
  switch (issue.code) {
    case 'invalid_value': // one of a list of strings
      return typeof value === 'string' ? 'invalid_value' : 'invalid_type';
    case 'invalid_type':
      return issue.expected === 'int' ? 'invalid_value' : 'invalid_type';
    case 'too_big':
      return tooMuch[issue.origin] ?? 'invalid_value';
    case 'too_small':
      return issue.origin === 'string' ? 'too_short' : 'invalid_value';
    case 'custom':
      return (issue.params?.code as FieldErrorCode | undefined) ?? 'invalid_value';
    default:
      return 'invalid_value';
  }
}

const tooMuch: Readonly<Record<string, FieldErrorCode>> = { string: 'too_long', array: 'too_many' };

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    input,
  );
}
