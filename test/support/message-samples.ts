import fc from 'fast-check';
import { languages } from '../../src/domain/language.ts';

/** The longest origin that the settings allow, and the sandbox's. */
export const hosts = { longest: 'https://r.exemple-rdv.fr', sandbox: 'http://localhost:3001' };

const base64url = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

export const someToken = `a${'Xy-_'.repeat(16)}Zz0`;
export const someLink = `${hosts.longest}/${someToken}`;
export const someCode = '024681';

export const anyLanguage = fc.constantFrom(...languages);
export const anyToken = fc
  .tuple(
    fc.constantFrom('a', 'b'),
    fc.array(fc.constantFrom(...base64url), { minLength: 66, maxLength: 66 }),
    fc.constantFrom(...'AEIMQUYcgkosw048'),
  )
  .map(([selector, middle, last]) => selector + middle.join('') + last);

export const sixDigits = fc.integer({ min: 0, max: 999_999 }).map((n) => `${n}`.padStart(6, '0'));
