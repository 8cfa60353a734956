/**
 * Makes `docs/crypto-inventory.md` from `src/keys/crypto-inventory.ts` and the places of keys:
 *
 *     node scripts/crypto-inventory.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CryptoUse, cryptoInventory, rolesOf } from '../src/keys/crypto-inventory.ts';

export const cryptoInventoryPage = join(import.meta.dirname, '..', 'docs', 'crypto-inventory.md');

/** The whole page. */
export function cryptoInventoryMarkdown(): string {
  return `${[
    '# Crypto inventory',
    `Every use that Sotto has of a key, made from [the code](../src/keys/crypto-inventory.ts) by
\`node scripts/crypto-inventory.ts\`; a test fails when a folder of the key store is not in it. Why it is
built so: [ADR 2](adr/0002-the-seal.md). How keys are rotated, and what to do when one got into the wrong
hands: [operations.md](operations.md#keys).`,
    `X25519 and Ed25519 are not safe from a large quantum computer. What is sealed to a day lives for days, and
what is sealed to a month for weeks; a copy taken today and kept would open to one.`,
    `| For | Algorithm | Bits | Key lies in | Held by | Lives | Rotation | Library | Code |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${cryptoInventory.map(rowOf).join('\n')}`,
    `On the wire: TLS as the proxies in front end it ([operations.md](operations.md)), and to providers, mail
servers and webhooks as Node speaks it, certificates verified.`,
  ].join('\n\n')}\n`;
}

function rowOf(use: CryptoUse): string {
  const { algorithm, bits, library, folder, life, rotation, source } = use;
  const holders =
    folder === undefined
      ? (use.heldBy ?? '')
      : rolesOf(folder)
          .map((role) => `\`${role}\``)
          .join(', ');
  const cells = [
    use.use,
    algorithm,
    bits === undefined ? '–' : String(bits),
    folder === undefined ? '–' : `\`${folder}\``,
    holders,
    life,
    rotation,
    library,
    `[${source.split('/').at(-1)}](../${source})`,
  ];
  return `| ${cells.join(' | ')} |`;
}

if (import.meta.main) writeFileSync(cryptoInventoryPage, cryptoInventoryMarkdown());
