import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTrivialPin, normalisePin } from '../../src/domain/pin.ts';

const digit = fc.constantFrom(...'0123456789');
const pin = fc.string({ unit: digit, minLength: 6, maxLength: 8 });

describe('a PIN', () => {
  it.each([
    ['482913', '482913'],
    ['482 913', '482913'],
    [' 48 29 13 ', '482913'],
    ['482\u00a0913', '482913'], // no-break space
    ['482\u202f913', '482913'], // narrow no-break space
    ['482\u2009913\n', '482913'], // thin space
    ['４８２９１３', '482913'],
    ['４８２\u3000９１３', '482913'], // ideographic space
    ['٤٨٢٩١٣', '482913'],
    ['۴۸۲۹۱۳', '482913'],
    ['४८२९१३', '482913'],
    ['৪৮২৯১৩', '482913'],
    ['๔๘๒๙๑๓', '482913'],
    ['\u2066٤٨٢٩١٣\u2069', '482913'], // marks of direction around it
    ['\ufeff482913\u200b', '482913'],
    ['00482913', '00482913'],
  ])('typed as %j is read as %s', (text, digits) => {
    expect(normalisePin(text)).toBe(digits);
  });

  it.each([
    '',
    '48291',
    '482913000',
    '48291a',
    '482-913',
    '482.913',
    '+482913',
    '482913.0',
    '4829①3',
    '48291³',
    '𝟒𝟖𝟐𝟗𝟏𝟑',
    '༤༨༢༩༡༣',
  ])('is never %j', (text) => {
    expect(normalisePin(text)).toBeUndefined();
  });

  it('is the same with any spaces in it', () => {
    const space = fc.constantFrom('', ' ', '\u00a0', '\u202f', '\u2007', '\t');
    fc.assert(
      fc.property(pin, fc.array(space, { minLength: 8, maxLength: 8 }), (digits, spaces) => {
        const typed = Array.from(digits, (each, index) => spaces[index] + each).join('');
        expect(normalisePin(typed)).toBe(digits);
      }),
    );
  });

  it('is only ever 6 to 8 ASCII digits, whatever the text', () => {
    const any = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    const unit = fc.oneof(any, digit, fc.constantFrom('\u0664', '\u06f4', '\uff14'));
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        expect(normalisePin(text) ?? '000000').toMatch(/^[0-9]{6,8}$/);
      }),
    );
  });
});

describe('a trivial PIN', () => {
  it.each([
    '000000',
    '7777777',
    '99999999',
    '123456',
    '012345',
    '654321',
    '987654',
    '890123',
    '321098',
    '12345678',
    '67890123',
    '121212',
    '565656',
    '1212121',
    '12121212',
    '123123',
    '1231231',
    '12312312',
    '12341234',
    '112112',
  ])('%s is refused', (digits) => {
    expect(isTrivialPin(digits)).toBe(true);
  });

  it.each(['482913', '112233', '123457', '121213', '135790', '140280', '14021980', '123321'])(
    '%s is not',
    (digits) => {
      expect(isTrivialPin(digits)).toBe(false);
    },
  );

  it('is the birth date that comes with it, in every usual order', () => {
    const forms = ['14021980', '02141980', '19800214', '140280', '021480', '800214'];
    for (const digits of forms) expect(isTrivialPin(digits, '1980-02-14')).toBe(true);
    expect(isTrivialPin('140281', '1980-02-14')).toBe(false);
    expect(isTrivialPin('482913', '1980-02-14')).toBe(false);
  });

  it('is one of 1,110 in a million, so that a generator seldom draws twice', () => {
    let trivial = 0;
    for (let number = 0; number < 1_000_000; number += 1) {
      if (isTrivialPin(String(number).padStart(6, '0'))) trivial += 1;
    }
    expect(trivial).toBe(1110);
  });
});
