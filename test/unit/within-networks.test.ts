import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNetwork, isWithin } from '../../src/usecases/within-networks.ts';

describe('an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.8', '192.0.2.7/32', false],
    ['192.0.2.200', '192.0.2.128/25', true],
    ['192.0.2.100', '192.0.2.128/25', false],
    ['::ffff:192.0.2.7', '192.0.2.0/24', true],
    ['::FFFF:192.0.2.7', '192.0.2.0/24', true],
    ['::ffff:c000:207', '192.0.2.0/24', true],
    ['0:0:0:0:0:ffff:c000:0207', '192.0.2.0/24', true],
    ['::ffff:c633:6401', '192.0.2.0/24', false],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['fe80::1%eth0', 'fe80::/10', true],
    ['2001:db8::1', '192.0.2.0/1', false],
    ['192.0.2.7', '2001:db8::/1', false],
    ['', '192.0.2.0/24', false],
    ['unknown', '192.0.2.0/24', false],
    ['192.0.2.7, 198.51.100.1', '192.0.2.0/24', false],
    ['192.0.2.07', '192.0.2.0/24', false],
    ['3221225991', '192.0.2.0/24', false],
  ])('%s in %s: %s', (address, network, expected) => {
    expect(isWithin(address, [network])).toBe(expected);
    expect(isWithin(address, ['203.0.113.1', network, 'fd00::/8'])).toBe(expected);
    expect(isWithin(address, [])).toBe(false);
  });

  it('is in a network when their first bits agree', () => {
    const address = fc.ipV4();
    const bitsOf = (text: string) =>
      text.split('.').reduce((bits, part) => bits * 256 + Number(part), 0);
    fc.assert(
      fc.property(address, address, fc.integer({ min: 1, max: 32 }), (one, base, prefix) => {
        const scale = 2 ** (32 - prefix);
        const agrees = Math.floor(bitsOf(one) / scale) === Math.floor(bitsOf(base) / scale);
        expect(isWithin(one, [`${base}/${prefix}`])).toBe(agrees);
        expect(isWithin(`::ffff:${one}`, [`${base}/${prefix}`])).toBe(agrees);
      }),
    );
  });
});

describe('a network', () => {
  it.each(['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '::1', '2001:db8::1/128'])('is %s', (text) =>
    expect(isNetwork(text)).toBe(true),
  );
  it.each([
    ...['', 'any', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1'],
    ...['10.0.0.0/08x', '2001:db8::/129', '::ffff:192.0.2.0/120', 'fe80::1%eth0', '10.0.0/8'],
  ])('is never %j', (text) => expect(isNetwork(text)).toBe(false));
});
