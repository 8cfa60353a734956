import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutations } from '../mutation/mutations.ts';

describe('a mutation that the canary must catch', () => {
  it.each(mutations)('still applies: $loses', ({ file, text, becomes }) => {
    const source = readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8');
    expect(source.split(text)).toHaveLength(2);
    expect(becomes).not.toBe(text);
  });
});
