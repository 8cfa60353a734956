import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from '../../src/http/strict-json.ts';
import { cpuMsOf } from '../support/cpu-ms.ts';

const parse = (text: string) => parseStrictJson(Buffer.from(text));
const refused = expect.objectContaining({
  code: 'malformed_request',
  message: 'malformed_request',
});

describe('a request body', () => {
  it('is read as JSON.parse reads it, whatever it holds', () => {
    const value = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' });
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2), (given, space) => {
        const text = JSON.stringify(given, undefined, space);
        fc.pre(!text.includes('__proto__') && text.isWellFormed() && !/\\ud/i.test(text));
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('is refused when any object in it has a name twice, however it is written', () => {
    const names = fc.string({ minLength: 1, unit: 'grapheme' });
    const escaped = (name: string) =>
      [...name.split('')]
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('');
    fc.assert(
      fc.property(names, fc.jsonValue(), fc.nat(4), (name, other, depth) => {
        const twice = `{${JSON.stringify(name)}:${JSON.stringify(other)},"${escaped(name)}":1}`;
        const text = '[{"around":'.repeat(depth) + twice + '}]'.repeat(depth);
        expect(() => JSON.parse(text)).not.toThrow();
        expect(() => parse(text)).toThrow(refused);
      }),
    );
  });

  it('may use one name in several objects, and marks and braces inside strings', () => {
    const text = '[{"a":{"a":1},"b":[{"a":2},{"a":"}{,:\\"[a\\\\"}]},{"a":"a"}]';
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it.each([
    '',
    ' ',
    '{',
    '{"a":1,}',
    "{'a':1}",
    'NaN',
    '{"a":01}',
    '{"a":"\u0000"}',
    '{"__proto__":1}',
    '[{"b":{"__pr\\u006fto__":1}}]',
    '"\\udc00"',
    '{"\\ud800":1}',
  ])('is refused as %j', (text) => {
    expect(() => parse(text)).toThrow(refused);
  });

  it('is refused when it is not UTF-8, and read past a byte order mark', () => {
    expect(() => parseStrictJson(Buffer.of(0x22, 0xc3, 0x22))).toThrow(refused);
    expect(() => parseStrictJson(Buffer.from('{"a":1}', 'utf16le'))).toThrow(refused);
    expect(parse('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  it('is read in time that grows with its length, at the limit too', async () => {
    const deep = `${'['.repeat(32_000)}${']'.repeat(32_000)}`;
    const long = JSON.stringify('\\"'.repeat(16_000));
    const tookMs = await cpuMsOf(() => {
      expect(parse(deep)).toBeInstanceOf(Array);
      expect(parse(long)).toBe('\\"'.repeat(16_000));
    });
    expect(tookMs).toBeLessThan(1_000);
  });
});
