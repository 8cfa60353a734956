import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import { Secret } from '../domain/secret.ts';
import {
  addKey,
  firstSelectorIn,
  numbersIn,
  revokedSelectorsIn,
  revokeLinkKey,
  selectorsIn,
} from './add-key.ts';
import { type KeyFolder, keyFolder, privateExtension } from './key-files.ts';
import { boxPair, destroyPair, ensurePairs, type PairKind, receiptPair } from './key-pairs.ts';
import {
  type PairPlace,
  places,
  rotatedFolders,
  symmetricFolders,
  viewPlace,
} from './key-places.ts';
import type { KeyStore, NumberedKey, SymmetricKeyName } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import type { LinkKey } from './link-token.ts';

const keyBytes = 32;
const firstNumber = '1';
/** No key, and in no list. */
const probe = '.writable';

/** The folder that a KEYSTORE setting of the form `file:DIR` names. */
export function keyStoreFolder(setting: string): string {
  assert(setting.startsWith('file:'), 'KEYSTORE must be file:DIR');
  return setting.slice('file:'.length);
}

/** Keys as files under a folder: private ones for their owner alone, public ones for every role. */
export function fileKeyStore(directory: string, options: KeyStoreOptions = {}): KeyStore {
  return keyStoreIn(keyFolder(directory), options);
}

export interface KeyStoreOptions {
  /** How old a key must be before it is used, where an older one is there. */
  readonly readBeforeUsedMs?: number;
  readonly nowMs?: () => number;
}

/** What every process has read a new key within. */
const readBeforeUsed = 60_000;
/** Receipts are verified elsewhere, with keys that were fetched up to five minutes ago. */
const publishedBeforeUsedFactor = 10;

/** The key store over whatever holds its files. */
function keyStoreIn(
  files: KeyFolder,
  { readBeforeUsedMs = readBeforeUsed, nowMs = Date.now }: KeyStoreOptions = {},
): KeyStore {
  const remembered = new Map<string, Buffer>();

  async function publicHalf(place: PairPlace, name: string): Promise<Buffer | undefined> {
    const path = `${place.publicFolder}/${name}${boxPair.publicExtension}`;
    const known = remembered.get(path);
    if (known) return known;
    const bytes = await readHalf(files, path);
    if (bytes) remembered.set(path, bytes);
    return bytes;
  }

  async function newestPublicHalf(place: PairPlace) {
    const names = await files.list(place.publicFolder, boxPair.publicExtension);
    const number = names.sort((one, other) => Number(one) - Number(other)).at(-1);
    const key = number && (await publicHalf(place, number));
    return number && key ? { number, key } : undefined;
  }

  async function destroy(place: PairPlace, kind: PairKind, name: string): Promise<void> {
    remembered.delete(`${place.publicFolder}/${name}${kind.publicExtension}`);
    await destroyPair(files, { place, kind, name });
  }

  const numberedKeys = async (folder: string, ageMs = readBeforeUsedMs): Promise<NumberedKey[]> =>
    readKeys(files, folder, await inUseLast(folder, await numbersIn(files, folder), ageMs));

  /** Names, the oldest first, but those too young to be used before them all. */
  async function inUseLast(
    folder: string,
    names: readonly string[],
    ageMs = readBeforeUsedMs,
  ): Promise<string[]> {
    if (names.length < 2) return [...names];
    const young = new Set<string>();
    for (const name of names) {
      const madeAt = await files.madeAt(`${folder}/${name}${privateExtension}`);
      if (madeAt && nowMs() - madeAt.getTime() < ageMs) young.add(name);
    }
    // Where all are young, the first is what everybody has.
    if (young.size === names.length) young.delete(names[0] ?? '');
    const isYoung = (name: string) => young.has(name);
    return [...names.filter(isYoung), ...names.filter((name) => !isYoung(name))];
  }

  const receiptKeys = () =>
    numberedKeys(places.receipt.privateFolder, readBeforeUsedMs * publishedBeforeUsedFactor);

  const linkKeys = async (): Promise<LinkKey[]> => {
    const selectors = await inUseLast(places.link, await selectorsIn(files));
    const keys = await readKeys(files, places.link, selectors);
    return keys.map(({ id, key }) => ({ selector: id, key }));
  };

  /** Makes the first pair of a place unless it holds one. */
  const ensureNumbered = async (place: PairPlace, kind: PairKind): Promise<NumberedKey[]> => {
    const published = await files.list(place.publicFolder, kind.publicExtension);
    const held = await files.list(place.privateFolder, privateExtension);
    const unused = String(Math.max(0, ...published.map(Number)) + 1);
    const names = held.length > 0 ? held : [unused];
    await ensurePairs(files, { place, kind, names });
    return numberedKeys(place.privateFolder);
  };

  const symmetricKeys = async (name: SymmetricKeyName): Promise<NumberedKey[]> => {
    const folder = symmetricFolders[name];
    await ensureFirst(files, folder, firstNumber);
    return numberedKeys(folder);
  };

  return {
    epochPublicKey: (day) => publicHalf(places.epoch, checkedDay(day)),
    epochPrivateKey: (day) => readPrivate(files, places.epoch, checkedDay(day)),
    ensureEpochKeys: ({ from, days }) =>
      ensurePairs(files, { place: places.epoch, kind: boxPair, names: daysFrom(from, days) }),
    destroyEpochKey: (day) => destroy(places.epoch, boxPair, checkedDay(day)),
    listEpochDays: async () =>
      (await files.list(places.epoch.privateFolder, privateExtension)).sort(),

    listLivingDays: () => living(places.epoch),

    viewPublicKey: (organisationId, month) =>
      publicHalf(viewPlace(organisationId), checkedMonth(month)),
    viewPrivateKey: (organisationId, month) =>
      readPrivate(files, viewPlace(organisationId), checkedMonth(month)),
    async ensureViewKeys({ organisationIds, months }) {
      const names = months.map(checkedMonth);
      for (const organisationId of organisationIds) {
        await ensurePairs(files, { place: viewPlace(organisationId), kind: boxPair, names });
      }
    },
    destroyViewKey: (organisationId, month) =>
      destroy(viewPlace(organisationId), boxPair, checkedMonth(month)),
    listViewMonths: async (organisationId) =>
      (await files.list(viewPlace(organisationId).privateFolder, privateExtension)).sort(),

    listLivingMonths: (organisationId) => living(viewPlace(organisationId)),

    linkKeys,
    async ensureLinkKey() {
      await ensureFirst(files, places.link, await firstSelectorIn(files));
      return linkKeys();
    },

    receiptKeys,
    async ensureReceiptKey() {
      await ensureNumbered(places.receipt, receiptPair);
      return receiptKeys();
    },
    publishedReceiptKeys: () => publishedKeys(files, places.receipt),

    ensureErasureKey: () => ensureNumbered(places.erasure, receiptPair),
    publishedErasureKeys: () => publishedKeys(files, places.erasure),

    webhookKeys: () => numberedKeys(places.webhook.privateFolder),
    ensureWebhookKey: () => ensureNumbered(places.webhook, boxPair),
    webhookPublicKey: () => newestPublicHalf(places.webhook),

    canaryKeys: () => numberedKeys(places.canary.privateFolder),
    ensureCanaryKey: () => ensureNumbered(places.canary, boxPair),
    canaryPublicKey: () => newestPublicHalf(places.canary),

    ensureAuditKey: () => ensureNumbered(places.audit, receiptPair),
    publishedAuditKeys: () => publishedKeys(files, places.audit),

    cookieKeys: () => numberedKeys(places.cookie),
    async ensureCookieKey() {
      await ensureFirst(files, places.cookie, firstNumber);
      return numberedKeys(places.cookie);
    },

    async symmetricKey(name) {
      const newest = (await symmetricKeys(name)).at(-1);
      if (!newest) throw new KeyStoreError([`${symmetricFolders[name]}: holds no numbered key`]);
      return newest.key;
    },
    symmetricKeys,

    async phoneDayKey(day) {
      const name = checkedDay(day);
      await ensureNamed(files, places.phoneDay, name);
      const [key] = await readKeys(files, places.phoneDay, [name]);
      if (!key) throw new KeyStoreError([`${places.phoneDay}/${name}: was removed at once`]);
      return key.key;
    },
    destroyPhoneDayKey: (day) =>
      files.remove(places.phoneDay, `${checkedDay(day)}${privateExtension}`),
    listPhoneDays: async () => (await files.list(places.phoneDay, privateExtension)).sort(),

    async keptKeys(kind) {
      const folder = rotatedFolders[kind];
      const ids = kind === 'link' ? await selectorsIn(files) : await numbersIn(files, folder);
      const found = ids.map(async (id) => ({
        id,
        madeAt: await files.madeAt(`${folder}/${id}${privateExtension}`),
      }));
      return Promise.all(found);
    },
    async keptKey(kind, id) {
      const [key] = await readKeys(files, rotatedFolders[kind], [id]);
      return key;
    },
    addKey: (kind, added = {}) => addKey(files, kind, added),
    async removeKey(kind, id) {
      const folder = rotatedFolders[kind];
      if (kind === 'webhook') await files.remove(places.webhook.publicFolder, `${id}.pub`);
      await files.remove(folder, `${id}${privateExtension}`);
    },
    revokeLinkKey: (selector) => revokeLinkKey(files, selector),
    revokedSelectors: () => revokedSelectorsIn(files),
    async checkWritable(kind) {
      const folder = rotatedFolders[kind];
      await files.makeFolder(folder, 'owner');
      await files.create(`${folder}/${probe}`, Buffer.alloc(0), 'owner');
      await files.remove(folder, probe);
    },
  };

  async function living(place: PairPlace): Promise<string[]> {
    const published = await files.list(place.publicFolder, boxPair.publicExtension);
    const held = await files.list(place.privateFolder, privateExtension);
    return Array.from(new Set([...published, ...held])).sort();
  }
}

/** Makes the first key of a folder unless it holds one. */
async function ensureFirst(files: KeyFolder, folder: string, name: string): Promise<void> {
  if ((await files.list(folder, privateExtension)).length === 0) {
    await ensureNamed(files, folder, name);
  }
}

/** Makes a key unless it is there. */
async function ensureNamed(files: KeyFolder, folder: string, name: string): Promise<void> {
  if (await files.read(`${folder}/${name}${privateExtension}`)) return;
  await files.makeFolder(folder, 'owner');
  await files.create(`${folder}/${name}${privateExtension}`, randomBytes(keyBytes), 'owner');
  await files.sync(folder);
}

async function publishedKeys(files: KeyFolder, { publicFolder }: PairPlace): Promise<JWK[]> {
  const names = await files.list(publicFolder, receiptPair.publicExtension);
  const jwks = await Promise.all(
    names.sort().map((name) => files.read(`${publicFolder}/${name}${receiptPair.publicExtension}`)),
  );
  return jwks.flatMap((bytes) => (bytes ? [JSON.parse(bytes.toString('utf8')) as JWK] : []));
}

async function readPrivate(
  files: KeyFolder,
  place: PairPlace,
  name: string,
): Promise<Secret<Buffer> | undefined> {
  const bytes = await readHalf(files, `${place.privateFolder}/${name}${privateExtension}`);
  return bytes && new Secret(bytes);
}

/** Keys of these names, in this order; one removed meanwhile is left out. */
async function readKeys(
  files: KeyFolder,
  folder: string,
  names: readonly string[],
): Promise<NumberedKey[]> {
  const keys = await Promise.all(
    names.map(async (id) => {
      const path = `${folder}/${id}${privateExtension}`;
      const bytes = await files.read(path);
      if (bytes && bytes.length < keyBytes) {
        throw new KeyStoreError([`${path}: shorter than ${keyBytes} bytes`]);
      }
      return bytes ? [{ id, key: new Secret(bytes) }] : [];
    }),
  );
  return keys.flat();
}

async function readHalf(files: KeyFolder, path: string): Promise<Buffer | undefined> {
  const bytes = await files.read(path);
  if (bytes && bytes.length !== keyBytes) {
    throw new KeyStoreError([`${path}: is not ${keyBytes} bytes`]);
  }
  return bytes;
}

function daysFrom(from: string, days: number): string[] {
  const first = Temporal.PlainDate.from(checkedDay(from));
  return Array.from({ length: days }, (_, day) => first.add({ days: day }).toString());
}

function checkedDay(day: string): string {
  assert(/^\d{4}-\d{2}-\d{2}$/.test(day), 'day must be YYYY-MM-DD');
  return day;
}

function checkedMonth(month: string): string {
  assert(/^\d{4}-\d{2}$/.test(month), 'month must be YYYY-MM');
  return month;
}
