import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { newHelpCode } from '../../src/keys/help-code.ts';
import { sourceHash, sourceOfLink } from '../../src/keys/source-hash.ts';

const key = new Secret(Buffer.alloc(32, 7));
const hash = (address: string) => sourceHash(key, address).toString('hex');

describe('a source as it is stored', () => {
  const link = new Secret(Buffer.alloc(18, 1));
  const stored = (secret: Secret<Buffer>, address: string) =>
    sourceOfLink(secret, sourceHash(key, address)).toString('hex');

  it('is the same for a link for ever, so that a pause is found again', () => {
    expect(stored(link, '192.0.2.7')).toBe(
      '1fcf371804a549bc5a810dd30a7aa3b6638f66bbdc9df35665ef08284c18fca0',
    );
  });

  it('is not what the key of the server makes of the address, and of another link another', () => {
    const other = new Secret(Buffer.alloc(18, 2));
    expect(
      new Set([hash('192.0.2.7'), stored(link, '192.0.2.7'), stored(other, '192.0.2.7')]).size,
    ).toBe(3);
  });
});

describe('the source of a request', () => {
  it('is the same bytes for ever', () => {
    expect(hash('192.0.2.7')).toBe(
      '470e90ea9218b2eb9fd3e20b67e560e43653f68c7e4717df66d463a3201faee6',
    );
    expect(hash('2001:db8:0:1::5')).toBe(
      '0c0e5414fcf99f66a3901b889fdfe5a463dbe96a54121075bf5d299c5cb7e71d',
    );
  });

  it.each([
    ['one /64', '2001:db8:0:1::5', '2001:0DB8:0:1:ffff:ffff:ffff:ffff'],
    ['spellings of one address', '2001:db8::1', '2001:db8:0:0:0:0:0:1'],
    ['a mapped address and its IPv4', '::ffff:192.0.2.7', '192.0.2.7'],
    ['the hexadecimal form of it', '::ffff:c000:207', '192.0.2.7'],
    ['an address with a zone', 'fe80::1%eth0', 'fe80::2'],
    ['what is no address', 'unknown', ''],
  ])('is one for %s', (_, one, other) => {
    expect(hash(one)).toBe(hash(other));
  });

  it.each([
    ['two /64', '2001:db8:0:1::5', '2001:db8:0:2::5'],
    ['the last group of a prefix written short', '2001:db8::', '2001:db8:0:1::'],
    ['two IPv4 addresses', '192.0.2.7', '192.0.2.8'],
    ['two mapped addresses', '::ffff:192.0.2.7', '::ffff:192.0.2.8'],
    ['IPv6 loopback and IPv4 loopback', '::1', '127.0.0.1'],
    ['a group at the end of a short form', '::1:0:0:0:0', '::2:0:0:0:0'],
  ])('differs for %s', (_, one, other) => {
    expect(hash(one)).not.toBe(hash(other));
  });

  it('means nothing without the key', () => {
    const other = new Secret(Buffer.alloc(32, 8));
    expect(sourceHash(other, '192.0.2.7').toString('hex')).not.toBe(hash('192.0.2.7'));
  });
});

describe('a help code', () => {
  it('is six characters that nobody mishears or misreads', () => {
    const codes = Array.from({ length: 500 }, newHelpCode);
    for (const code of codes) expect(code).toMatch(/^[34679CDFGHJKMNPQRTVWXY]{6}$/);
    expect(new Set(codes).size).toBeGreaterThan(490);
    expect(new Set(codes.join('')).size).toBe(22);
  });
});
