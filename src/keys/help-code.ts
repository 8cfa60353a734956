import { randomInt } from 'node:crypto';

// No vowels, so no words; of characters that look or sound alike (0 O, 1 I L, 2 Z, 5 S, 8 B) none.
const alphabet = '34679CDFGHJKMNPQRTVWXY';
const characters = 6;

/** A code that a patient can read out on the phone and that ops can find a locked page by. */
export function newHelpCode(): string {
  return Array.from({ length: characters }, () => alphabet.charAt(randomInt(alphabet.length))).join(
    '',
  );
}

/**
 * The help code in what somebody typed as they heard it, whatever its case and spacing.
 *
 * @returns undefined when it cannot be one
 */
export function helpCodeIn(typed: string): string | undefined {
  const letters = typed.replace(/[\s.-]/g, '').toUpperCase();
  const isOne = letters.length === characters && Array.from(letters).every(isOfAlphabet);
  return isOne ? letters : undefined;
}

function isOfAlphabet(letter: string): boolean {
  return alphabet.includes(letter);
}
