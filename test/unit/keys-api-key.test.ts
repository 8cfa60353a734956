import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { newApiKey, parseApiKey } from '../../src/keys/api-key.ts';

// Checksum computed by another implementation of CRC-32 and base62.
const golden = 'sotto_test_E3WxqUK5gOWuZG1ZVHjIppwwJ2y1kpmkshSAbYqCBtD02N02P';

describe('an API key', () => {
  it('names its mode, is stored as a SHA-256, and never prints', () => {
    for (const mode of ['test', 'live'] as const) {
      const { key, hash } = newApiKey(mode);
      expect(key.reveal()).toMatch(new RegExp(`^sotto_${mode}_[0-9A-Za-z]{49}$`));
      expect(hash).toEqual(createHash('sha256').update(key.reveal()).digest());
      expect(parseApiKey(key.reveal())).toEqual({ mode, hash });
      expect(inspect({ key })).toContain('[sealed]');
    }
  });

  it('is another one each time', () => {
    const keys = Array.from({ length: 200 }, () => newApiKey('test').key.reveal());
    expect(new Set(keys).size).toBe(200);
  });

  it('keeps the shape and checksum that scanners know', () => {
    expect(parseApiKey(golden)?.mode).toBe('test');
  });

  it('with a typing error is refused before any look-up', () => {
    for (let index = 0; index < golden.length; index += 1) {
      const character = golden[index] === 'a' ? 'b' : 'a';
      const changed = golden.slice(0, index) + character + golden.slice(index + 1);
      expect(parseApiKey(changed), `character ${index}`).toBeUndefined();
    }
  });

  it('of the other mode, another length or with anything around it is refused', () => {
    for (const text of [
      golden.replace('test', 'live'),
      golden.slice(0, -1),
      `${golden}a`,
      `${golden}\n`,
      ` ${golden}`,
      golden.toUpperCase(),
      '',
      'sotto_test_',
    ]) {
      expect(parseApiKey(text)).toBeUndefined();
    }
  });
});
