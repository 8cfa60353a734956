import { describe, expect, it } from 'vitest';
import { normaliseCode } from '../../src/domain/code.ts';

describe('a typed code', () => {
  it.each(['482913', ' 482 913 ', '482-913', '482\u2013913', '٤٨٢٩١٣', '\u200e482913'])(
    'may be %j',
    (text) => {
      expect(normaliseCode(text)).toBe('482913');
    },
  );

  it.each(['', '48291', '4829134', '48291a', 'abcdef', '482913.', '-', '4829 13 0'])(
    'is never %j',
    (text) => {
      expect(normaliseCode(text)).toBeUndefined();
    },
  );
});
