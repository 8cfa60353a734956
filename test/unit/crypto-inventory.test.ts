import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cryptoInventoryMarkdown, cryptoInventoryPage } from '../../scripts/crypto-inventory.ts';
import { cryptoInventory, rolesOf, secretFolders } from '../../src/keys/crypto-inventory.ts';

const root = join(import.meta.dirname, '..', '..');
const keysFolder = join(root, 'src', 'keys');

describe('the crypto inventory', () => {
  it('is what the code says now', () => {
    expect(readFileSync(cryptoInventoryPage, 'utf8')).toBe(cryptoInventoryMarkdown());
  });

  it('has every folder of the key store, and says who holds each key', () => {
    const listed = cryptoInventory.flatMap(({ folder }) => (folder === undefined ? [] : [folder]));
    expect(Array.from(new Set(listed)).sort()).toEqual(secretFolders());
    for (const { folder, heldBy } of cryptoInventory) {
      if (folder === undefined) expect(heldBy).toBeTruthy();
      else expect(rolesOf(folder).length, folder).toBeGreaterThan(0);
    }
  });

  it('names files that are there, and every one that makes a MAC, a signature or a seal', () => {
    const makes =
      /createHmac\(|hkdfSync\(|CompactSign\(|EncryptJWT\(|FlattenedEncrypt\(|_encrypt\(|argon2/;
    const makers = readdirSync(keysFolder)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .filter((name) => makes.test(readFileSync(join(keysFolder, name), 'utf8')))
      .filter(
        (name) => !['crypto-inventory.ts', 'receipt-claims.ts', 'receipt-verify.ts'].includes(name),
      );
    const named = new Set(cryptoInventory.map(({ source }) => source));
    for (const source of named) expect(readFileSync(join(root, source), 'utf8')).toBeTruthy();
    expect(makers.filter((name) => !named.has(`src/keys/${name}`))).toEqual([]);
  });

  it('has no key of fewer than 128 bits', () => {
    for (const { bits } of cryptoInventory) expect(bits ?? 128).toBeGreaterThanOrEqual(128);
  });
});
