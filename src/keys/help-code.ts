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
