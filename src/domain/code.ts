import { readDigits } from './pin.ts';

/**
 * The six digits of a code as a person may have typed or pasted it.
 *
 * @returns undefined when the text is no code
 */
export function normaliseCode(text: string): string | undefined {
  // Some messages are copied with the hyphen that a phone shows between the halves.
  const digits = readDigits(text).replaceAll(/[-\u2010-\u2015]/g, '');
  return /^[0-9]{6}$/.test(digits) ? digits : undefined;
}
