import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policiesFolder } from '../../scripts/vault-policies.ts';
import { Secret } from '../../src/domain/secret.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { folderKeyStore } from '../../src/keys/folder-key-store.ts';
import type { KeyRole } from '../../src/keys/key-places.ts';
import type { KeyStore, RotatedKind } from '../../src/keys/key-store.ts';
import { KeyStoreError } from '../../src/keys/key-store-error.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { rememberingFolder } from '../../src/keys/remembering-folder.ts';
import { createRenewedCookieBoxes } from '../../src/keys/renewed-cookie-boxes.ts';
import { createRenewedLinkTokens } from '../../src/keys/renewed-link-tokens.ts';
import { createRenewedReceipts } from '../../src/keys/renewed-receipts.ts';
import { vaultClient } from '../../src/keys/vault-client.ts';
import { vaultKeyFolder } from '../../src/keys/vault-key-folder.ts';
import { createRenewedTokens } from '../../workers/sending.ts';
import { startVaultServer, type VaultServer } from '../support/vault-server.ts';

const patientUrl = 'https://r.example';
const audience = 'r.example';
const linkSecret = new Secret(Buffer.alloc(18, 1));
const halfADayMs = 12 * 3_600_000;

/** What a role makes of keys and goes on with, and the file of the first of them. */
interface Kept {
  renew(): Promise<void>;
  /** Whether the first key is in use, or others without it. @throws once there is none */
  usesFirst(): Promise<boolean>;
}
interface Case {
  readonly name: string;
  readonly role: KeyRole;
  readonly kind: RotatedKind;
  readonly file: string;
  make(keys: KeyStore): Promise<Kept>;
}

const cases: readonly Case[] = [
  {
    ...{ name: 'receipts', role: 'api', kind: 'receipt', file: 'api/receipt/1.key' },
    async make(keys) {
      const receipts = await createRenewedReceipts(keys);
      const kid = async () => {
        const { receipt } = await receipts.sign({
          ...{ receiptId: 'r', organisationId: 'o', mode: 'test', reference: 'x' },
          ...{ appointmentId: 'a', version: 1, body: new Secret({}), issuer: 'https://x' },
          issuedAt: new Date(),
        });
        return decodeProtectedHeader(receipt).kid;
      };
      const first = await kid();
      return { renew: receipts.renew, usesFirst: async () => (await kid()) === first };
    },
  },
  {
    ...{ name: 'cookies', role: 'patient', kind: 'cookie', file: 'patient/cookie/1.key' },
    async make(keys) {
      const boxes = await createRenewedCookieBoxes(keys);
      const expiresAt = new Date(Date.now() + 3_600_000);
      const sealed = await boxes.session.seal({}, { expiresAt });
      return {
        renew: boxes.renew,
        usesFirst: async () => (await boxes.session.open(sealed)) !== undefined,
      };
    },
  },
  {
    ...{ name: 'links that are opened', role: 'patient', kind: 'link', file: 'link/a.key' },
    async make(keys) {
      const tokens = await createRenewedLinkTokens({ keys, audience });
      const minted = createLinkTokens({ keys: await keys.linkKeys(), audience }).mint(
        linkSecret,
        'a',
      );
      return {
        renew: tokens.renew,
        usesFirst: async () => (await tokens.current().verify(minted.reveal())) !== undefined,
      };
    },
  },
  {
    ...{ name: 'links that are signed', role: 'worker', kind: 'link', file: 'link/a.key' },
    async make(keys) {
      const database = { query: async () => [] };
      const config = { PATIENT_URL: patientUrl };
      const { mint, renew } = await createRenewedTokens({
        ...{ keys, config },
        database: database as never,
      });
      return { renew, usesFirst: async () => mint.newestSelector === 'a' };
    },
  },
];

const madeInAll = async (keys: KeyStore) => {
  await keys.ensureReceiptKey();
  await keys.ensureCookieKey();
  await keys.ensureLinkKey();
};

describe.each(cases)('what a role goes on with: $name', ({ role, kind, file, make }) => {
  describe('whose keys lie in Vault', () => {
    let vault: VaultServer;
    let nowMs = 0;
    let token: string;
    let root: ReturnType<typeof vaultClient>;
    const place = { mount: 'secret', path: 'sotto' };
    const clientOf = (given: string) =>
      vaultClient({ origin: vault.url, token: { token: new Secret(given) }, timeoutMs: 20_000 });
    const opened = () =>
      folderKeyStore(
        rememberingFolder(vaultKeyFolder(clientOf(token), place), () => nowMs),
        { readBeforeUsedMs: 0 },
      );
    const everything = () => folderKeyStore(vaultKeyFolder(root, place), { readBeforeUsedMs: 0 });

    beforeEach(async () => {
      vault = await startVaultServer();
      token = vault.issue(await readFile(join(policiesFolder, `${role}.hcl`), 'utf8'));
      root = clientOf(vault.root);
      await madeInAll(everything());
    });
    afterEach(() => vault.close());

    it.each([
      ['a refusal', () => vault.revoke(token)],
      [
        'half a day',
        () => {
          vault.seal(true);
          nowMs += halfADayMs;
        },
      ],
    ])('is used while it is silent, and not after %s', async (_, end) => {
      const kept = await make(opened());
      vault.seal(true);
      nowMs += 60_000;
      await kept.renew();
      expect(await kept.usesFirst()).toBe(true);
      vault.seal(false);
      end();
      nowMs += 60_000;
      await expect(kept.renew()).rejects.toThrow('Vault');
      await expect(kept.usesFirst()).rejects.toThrow(KeyStoreError);
    });

    it.each([
      ['destroyed', 'metadata'],
      ['deleted so that it can come back', 'data'],
    ])('ends within ten seconds when the only key is %s', async (_, at) => {
      const kept = await make(opened());
      await root.ask('DELETE', `secret/${at}/sotto/${file}`);
      nowMs += 10_001;
      await kept.renew();
      await expect(kept.usesFirst()).rejects.toThrow(KeyStoreError);
    });

    it.each([
      ['destroyed', 'metadata'],
      ['deleted so that it can come back', 'data'],
    ])('goes on without one of several that is %s', async (_, at) => {
      const kept = await make(opened());
      await everything().addKey(kind);
      await root.ask('DELETE', `secret/${at}/sotto/${file}`);
      nowMs += 10_001;
      await kept.renew();
      expect(await kept.usesFirst()).toBe(false);
    });
  });

  describe('whose keys are files', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'sotto-renewed-'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('ends when the only key is removed, goes on without one of several, and comes back', async () => {
      const keys = fileKeyStore(folder, { readBeforeUsedMs: 0 });
      await madeInAll(keys);
      const kept = await make(keys);
      const first = await readFile(join(folder, file));
      await rm(join(folder, file));
      await kept.renew();
      await expect(kept.usesFirst()).rejects.toThrow(KeyStoreError);
      await writeFile(join(folder, file), first);
      await kept.renew();
      expect(await kept.usesFirst()).toBe(true);
      await keys.addKey(kind);
      await rm(join(folder, file));
      await kept.renew();
      expect(await kept.usesFirst()).toBe(false);
    });
  });
});

it('receipts that are out stay verifiable when the only key that signs is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-renewed-'));
  try {
    const receipts = await createRenewedReceipts(fileKeyStore(folder));
    const served = receipts.jwks();
    expect(served.keys).toHaveLength(1);
    await rm(join(folder, 'api/receipt/1.key'));
    await receipts.renew();
    expect(receipts.isGivenUp()).toBe(true);
    expect(receipts.jwks()).toEqual(served);
  } finally {
    await rm(folder, { recursive: true });
  }
});
