import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isReference } from '../../src/domain/reference.ts';

const allowed = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-';

describe('a reference', () => {
  it('is 1 to 128 of the allowed characters', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...allowed), minLength: 1, maxLength: 128 }),
        (text) => {
          expect(isReference(text)).toBe(true);
        },
      ),
    );
    expect(isReference('')).toBe(false);
    expect(isReference('a'.repeat(128))).toBe(true);
    expect(isReference('a'.repeat(129))).toBe(false);
  });

  it('holds no other character, wherever it stands', () => {
    const other = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code));
    fc.assert(
      fc.property(other, fc.constantFrom(0, 1, 2), (character, place) => {
        fc.pre(!allowed.includes(character));
        expect(isReference(`${'ab'.slice(0, place)}${character}${'ab'.slice(place)}`)).toBe(false);
      }),
    );
    for (const text of ['a b', 'a/b', 'a\n', '\ta', 'é', '../a', 'a%20b', 'ａ']) {
      expect(isReference(text)).toBe(false);
    }
  });
});
