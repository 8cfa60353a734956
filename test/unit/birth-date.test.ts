import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBirthDate, readBirthDate } from '../../src/domain/birth-date.ts';

const now = Temporal.Instant.from('2026-12-03T09:30:00Z');

describe('a birth date', () => {
  it.each(['1980-02-14', '1870-01-01', '2024-02-29', '2000-02-29', '2026-12-03'])(
    'may be %s',
    (text) => {
      expect(parseBirthDate(text, now)).toBe(text);
    },
  );

  it.each([
    '',
    '1869-12-31',
    '0000-01-01',
    '2026-12-04',
    '9999-12-31',
    '2023-02-29',
    '1900-02-29',
    '1980-13-01',
    '1980-00-10',
    '1980-04-31',
    '1980-2-14',
    '14/02/1980',
    '19800214',
    '1980-02-14T00:00:00Z',
    '1980-02-14[u-ca=hebrew]',
    '+001980-02-14',
    ' 1980-02-14',
    '1980-02-14\n',
    '١٩٨٠-٠٢-١٤',
  ])('is never %j', (text) => {
    expect(parseBirthDate(text, now)).toBeUndefined();
  });

  it('may be today wherever on earth it is already today', () => {
    const evening = Temporal.Instant.from('2026-12-03T10:00:00Z'); // midnight in Kiritimati
    expect(parseBirthDate('2026-12-04', evening)).toBe('2026-12-04');
    expect(parseBirthDate('2026-12-05', evening)).toBeUndefined();
  });

  it('is every day from 1870 to today and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -40_000, max: 25_000 }), (days) => {
        const date = Temporal.PlainDate.from('1970-01-01').add({ days });
        const text = date.toString();
        const isPossible = text >= '1870-01-01' && text <= '2026-12-03';
        expect(parseBirthDate(text, now)).toBe(isPossible ? text : undefined);
      }),
    );
  });
});

describe('a birth date typed into three fields', () => {
  const read = (day: string, month: string, year: string) =>
    readBirthDate({ day, month, year }, now);

  it.each([
    ['7', '7', '1951'],
    ['07', '07', '1951'],
    [' 7', '07 ', '19 51'],
    ['٧', '٠٧', '١٩٥١'],
  ])('may be typed as %j %j %j', (day, month, year) => {
    expect(read(day, month, year)).toEqual({ date: '1951-07-07' });
  });

  it.each([
    ['', '', ' ', 'missing'],
    ['', '7', '1951', 'dayMissing'],
    ['7', '', '1951', 'monthMissing'],
    ['7', '7', '', 'yearMissing'],
    ['7', '7', '51', 'yearShort'],
    ['31', '4', '1951', 'impossible'],
    ['29', '2', '1951', 'impossible'],
    ['4', '12', '2026', 'impossible'],
    ['1', '1', '1869', 'impossible'],
    ['007', '7', '1951', 'impossible'],
    ['7', 'july', '1951', 'impossible'],
    ['0', '7', '1951', 'impossible'],
    ['7', '7', '19510', 'impossible'],
  ])('that is %j %j %j is told as what to mend first', (day, month, year, problem) => {
    expect(read(day, month, year)).toEqual({ problem });
  });
});
