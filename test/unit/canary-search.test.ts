import { describe, expect, it } from 'vitest';
import { canaryForms, findCanaries } from '../support/canaries.ts';

const values = {
  name: 'Dr Quillfeather Canary',
  address: '77 Perchoir Canari, 99077 Nid',
  email: 'canary.wren.5521@example.org',
  pin: '84071962',
  bytes: Buffer.from('00ff80a1b2c3d4e5f60718293a4b5c6d7e8f', 'hex'),
};
const forms = canaryForms(values);

describe('the search for personal values', () => {
  it.each(Object.entries(values))('finds %s in every form it may be written in', (name, value) => {
    for (const [before, after] of [
      ['', ''],
      ['x', 'yz'],
      ['"ab', 'c"'],
      ['abc', 'd'],
    ] as const) {
      const padded = Buffer.concat([Buffer.from(before), Buffer.from(value), Buffer.from(after)]);
      const written = (['base64', 'base64url', 'hex'] as const).map((as) => padded.toString(as));
      for (const form of [padded, padded.toString('hex').toUpperCase(), ...written]) {
        expect(findCanaries(forms, form), String(form)).toEqual([name]);
      }
      if (typeof value !== 'string') continue;
      for (const form of [encodeURIComponent(value), new URLSearchParams({ value }).toString()]) {
        expect(findCanaries(forms, `${before}${form}${after}`), form).toEqual([name]);
      }
    }
  });

  it('finds what begins and ends with the text, and what overlaps something else', () => {
    expect(findCanaries(forms, values.pin)).toEqual(['pin']);
    expect(findCanaries(forms, `84071${values.pin}`)).toEqual(['pin']);
    expect(findCanaries(forms, `${values.email}${values.pin}`)).toEqual(['email', 'pin']);
    expect(findCanaries(forms, values.pin.slice(1))).toEqual([]);
    expect(findCanaries(forms, '')).toEqual([]);
  });

  it('counts a number as short as a code only where it stands alone', () => {
    const code = canaryForms({ code: '482913' });
    for (const said of ['#482913', '"482913"', 'code=482913&x', 'x\\n482913', 'is 482913. Do']) {
      expect(findCanaries(code, said), said).toEqual(['code']);
    }
    for (const other of ['1482913', '4829130', 'f482913a', '0.482913', '482913.5']) {
      expect(findCanaries(code, other), other).toEqual([]);
    }
  });
});
