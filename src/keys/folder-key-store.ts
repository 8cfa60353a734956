import assert from 'node:assert/strict';
import { addKey, selectorAfter, selectorsIn } from './add-key.ts';
import { type KeyFolder, privateExtension } from './key-folder.ts';
import { inUseLast, numbersIn } from './key-order.ts';
import {
  boxPair,
  destroyPair,
  ensurePairs,
  type PairKind,
  receiptPair,
  rotatedPairs,
} from './key-pairs.ts';
import {
  type PairPlace,
  places,
  publishedFirst,
  rotatedFolders,
  symmetricFolders,
  viewPlace,
} from './key-places.ts';
import type { KeptKey, KeyStore, NumberedKey, SymmetricKeyName } from './key-store.ts';
import { KeyLostError, KeyStoreAwayError, KeyStoreError } from './key-store-error.ts';
import type { LinkKey } from './link-token.ts';
import { ensureFirst, ensureFirstPair, ensureNamed } from './make-keys.ts';
import { publishedKeys, readHalf, readKeys, readPrivate } from './read-keys.ts';
import { revokedIn, revokeKey } from './revoked-keys.ts';

/** No key, and in no list. */
const probe = '.writable';

export interface KeyStoreOptions {
  /** How old a key must be before it is used, where an older one is there. */
  readonly readBeforeUsedMs?: number;
  readonly nowMs?: () => number;
}

/** What every process has read a new key within. */
const readBeforeUsed = 60_000;
const publishedBeforeUsedFactor = 10;

/** The key store over whatever holds its keys. */
export function folderKeyStore(
  files: KeyFolder,
  { readBeforeUsedMs = readBeforeUsed, nowMs = Date.now }: KeyStoreOptions = {},
): KeyStore {
  const remembered = new Map<string, Buffer>();
  /** Lost keys count as gone where they are used on and on: the others must be renewed without them. */
  const present: KeyFolder = {
    ...files,
    read: (path) => files.read(path).catch(lostAsAbsent),
    madeAt: (path) => files.madeAt(path).catch(lostAsAbsent),
  };

  async function publicHalf(place: PairPlace, name: string): Promise<Buffer | undefined> {
    const path = `${place.publicFolder}/${name}${boxPair.publicExtension}`;
    const known = remembered.get(path);
    if (known) return known;
    const bytes = await orMissing(readHalf(files, path));
    if (bytes) remembered.set(path, bytes);
    return bytes;
  }

  async function newestPublicHalf(place: PairPlace) {
    const names = await orMissing(files.list(place.publicFolder, boxPair.publicExtension));
    const number = names?.sort((one, other) => Number(one) - Number(other)).at(-1);
    const key = number && (await publicHalf(place, number));
    return number && key ? { number, key } : undefined;
  }

  async function destroy(place: PairPlace, kind: PairKind, name: string): Promise<void> {
    remembered.delete(`${place.publicFolder}/${name}${kind.publicExtension}`);
    await destroyPair(files, { place, kind, name });
  }

  const inOrder = (
    from: KeyFolder,
    {
      folder,
      names,
      ageMs = readBeforeUsedMs,
    }: { folder: string; names: string[]; ageMs?: number },
  ) => inUseLast(from, { folder, names, ageMs, nowMs: nowMs() });

  const numberedKeys = async (folder: string, from = files): Promise<NumberedKey[]> => {
    const isPublished = publishedFirst.some((kind) => rotatedFolders[kind] === folder);
    const ageMs = readBeforeUsedMs * (isPublished ? publishedBeforeUsedFactor : 1);
    const names = await numbersIn(from, folder);
    return readKeys(from, folder, await inOrder(from, { folder, names, ageMs }));
  };

  const ensureNumbered = async (place: PairPlace, kind: PairKind): Promise<NumberedKey[]> => {
    await ensureFirstPair(files, place, kind);
    return numberedKeys(place.privateFolder);
  };

  const receiptKeys = () => numberedKeys(places.receipt.privateFolder, present);

  const linkKeys = async (from: KeyFolder): Promise<LinkKey[]> => {
    const folder = places.link;
    const selectors = await inOrder(from, { folder, names: await selectorsIn(from) });
    const keys = await readKeys(from, folder, selectors);
    return keys.map(({ id, key }) => ({ selector: id, key }));
  };

  const symmetricKeys = async (name: SymmetricKeyName): Promise<NumberedKey[]> => {
    const folder = symmetricFolders[name];
    await ensureFirst(files, folder);
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

    linkKeys: () => linkKeys(present),
    async ensureLinkKey() {
      await ensureFirst(files, places.link, selectorAfter);
      return linkKeys(files);
    },

    receiptKeys,
    async ensureReceiptKey() {
      await ensureFirstPair(files, places.receipt, receiptPair);
      return numberedKeys(places.receipt.privateFolder);
    },
    publishedReceiptKeys: () => publishedKeys(present, places.receipt),

    ensureErasureKey: () => ensureNumbered(places.erasure, receiptPair),
    publishedErasureKeys: () => publishedKeys(present, places.erasure),

    webhookKeys: () => numberedKeys(places.webhook.privateFolder),
    ensureWebhookKey: () => ensureNumbered(places.webhook, boxPair),
    webhookPublicKey: () => newestPublicHalf(places.webhook),

    canaryKeys: () => numberedKeys(places.canary.privateFolder),
    ensureCanaryKey: () => ensureNumbered(places.canary, boxPair),
    canaryPublicKey: () => newestPublicHalf(places.canary),

    ensureAuditKey: () => ensureNumbered(places.audit, receiptPair),
    publishedAuditKeys: () => publishedKeys(files, places.audit),

    cookieKeys: () => numberedKeys(places.cookie, present),
    async ensureCookieKey() {
      await ensureFirst(files, places.cookie);
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
      return Promise.all(ids.map((id) => keptKey(files, folder, id)));
    },
    async keptKey(kind, id) {
      const [key] = await readKeys(files, rotatedFolders[kind], [id]);
      return key;
    },
    addKey: (kind, added = {}) => addKey(files, kind, added),
    async removeKey(kind, id) {
      const folder = rotatedFolders[kind];
      const pair = rotatedPairs[kind];
      if (pair && !pair.kind.publicOutlives) return destroy(pair.place, pair.kind, id);
      await files.remove(folder, `${id}${privateExtension}`);
    },
    publishedIds: (kind) => files.list(places[kind].publicFolder, receiptPair.publicExtension),
    revokeKey: (kind, id) => revokeKey(files, kind, id),
    revokedIds: (kind) => revokedIn(files, rotatedFolders[kind]),
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

async function keptKey(files: KeyFolder, folder: string, id: string): Promise<KeptKey> {
  try {
    const madeAt = await files.madeAt(`${folder}/${id}${privateExtension}`);
    return { id, madeAt, isLost: false };
  } catch (error) {
    if (!(error instanceof KeyLostError)) throw error;
    return { id, madeAt: undefined, isLost: true };
  }
}

function lostAsAbsent(error: unknown): undefined {
  if (!(error instanceof KeyLostError)) throw error;
}

/** A public half that nobody can be asked for is missing: whoever would seal to it says so, and is asked again. */
async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof KeyStoreAwayError) return undefined;
    throw error;
  }
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
