import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { unpad } from '../../src/keys/bound.ts';
import { prepareContent } from '../../src/keys/sealing.ts';

const read = (plaintext: Secret<Buffer>) =>
  JSON.parse(unpad('content', plaintext.reveal()).toString('utf8'));

describe('accepted content', () => {
  it('is padded JSON that reads back as the request body, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const body = JSON.parse(JSON.stringify(value)) as unknown;
        expect(read(prepareContent(body).plaintext)).toEqual(body);
      }),
    );
  });

  it('may hold members called __proto__, in any order, and minus zero', () => {
    const body = JSON.parse('{"__proto__":{"a":[]},"revision":-0,"b":"\\ud83d\\ude00"}');
    expect(Object.keys(read(prepareContent(body).plaintext))).toEqual(Object.keys(body));
  });

  it.each<[string, unknown]>([
    ['a member without a value', { a: 1, b: undefined }],
    ['a number that JSON cannot hold', { a: Number.NaN }],
    ['a date object', { start: new Date(0) }],
    ['a secret that was not unwrapped', { pin: new Secret('482913') }],
    ['a secret body', new Secret({ pin: '482913' })],
    ['a hole in a list', { a: new Array(2) }],
    ['a big integer', { a: 1n }],
    ['nothing', undefined],
    ['an object that writes itself as another', { a: { toJSON: () => ({ b: 1 }) } }],
  ])('is refused when something would be lost: %s', (_, body) => {
    expect(() => prepareContent(body)).toThrow(new AppError('not_stored'));
  });

  it('is refused with a code alone', () => {
    try {
      prepareContent({ pin: new Secret('482913'), big: 1n });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'not_stored', message: 'not_stored', fields: [] });
      expect((error as Error).cause).toBeUndefined();
    }
  });
});
