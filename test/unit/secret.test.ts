import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';

const text = 'pin-482913-for-lea';
const secret = new Secret(text);
const nested = { recipient: { pins: [secret], map: new Map([['pin', secret]]) } };

/** Every way that we know of in which a value becomes text without anybody calling `reveal`. */
const printed: Record<string, () => string> = {
  'String()': () => String(secret),
  'a template literal': () => `${secret}`,
  concatenation: () => `${'pin: '}${secret as unknown as string}`.concat(secret as never),
  'toString()': () => secret.toString(),
  'toLocaleString()': () => secret.toLocaleString(),
  'joining an array': () => [secret, [secret]].join(' '),
  'a property key': () => Object.keys({ [secret as never]: 1 }).join(),
  'a search parameter': () => new URLSearchParams({ pin: secret as never }).toString(),
  'JSON.stringify': () => JSON.stringify(secret),
  'JSON.stringify, nested': () => JSON.stringify({ secret, nested }),
  'util.inspect': () => inspect(secret),
  'util.inspect, nested and in full': () =>
    inspect(nested, { depth: null, showHidden: true, getters: true }),
  'util.inspect without custom functions': () =>
    inspect(nested, { depth: null, showHidden: true, customInspect: false }),
  'util.format': () => format('%s %o %O %j %d', secret, secret, secret, secret, secret),
  'an error’s message': () => new Error(`refused: ${secret}`).message,
  'an inspected error': () =>
    inspect(Object.assign(new Error('refused', { cause: secret }), { secret }), { depth: null }),
  'its own keys': () => [...Object.keys(secret), ...Reflect.ownKeys(secret)].join(),
  'Object.entries': () => JSON.stringify([Object.entries(secret), { ...secret }]),
  'a structured clone': () => inspect(structuredClone(secret), { depth: null, showHidden: true }),
  'the console': () => {
    let out = '';
    const sink = new Writable({
      write(chunk, _encoding, done) {
        out += chunk;
        done();
      },
    });
    const terminal = new Console(sink, sink);
    terminal.log(secret, nested, `${secret}`);
    terminal.error('%s %o', secret, nested);
    terminal.dir(nested, { depth: null, showHidden: true });
    terminal.table([{ secret }]);
    return out;
  },
};

describe('a secret', () => {
  it.each(Object.keys(printed))('does not show in %s', (way) => {
    const shown = printed[way]?.() ?? text;
    expect(shown).not.toContain('482913');
    expect(shown).not.toContain('lea');
  });

  it.each([
    'String()',
    'a template literal',
    'toString()',
    'JSON.stringify',
    'util.inspect',
    'the console',
    'an error’s message',
  ])('shows as [sealed] in %s', (way) => {
    expect(printed[way]?.()).toContain('[sealed]');
  });

  it('is had through reveal alone, as it went in', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    expect(secret.reveal()).toBe(text);
    expect(new Secret(bytes).reveal()).toBe(bytes);
  });

  it('hides what is no text too', () => {
    const details = new Secret({ practitioner: text, floors: [482913] });
    const shown = [String(details), JSON.stringify({ details }), inspect(details, { depth: null })];
    expect(shown).toEqual(['[sealed]', '{"details":"[sealed]"}', '[sealed]']);
  });

  it('is no number', () => {
    expect(Number(new Secret(482913))).toBeNaN();
  });
});
