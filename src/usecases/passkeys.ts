import { createHash, randomInt, randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import type { Secret } from '../domain/secret.ts';
import { type Tier, tierOf } from '../domain/tiers.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { type PasskeyBox, type PasskeyOwner, passkeyBox } from '../keys/passkey-box.ts';
import {
  creationOptions,
  credentialIdIn,
  type PasskeySite,
  randomText,
  readCreated,
  readUsed,
  requestOptions,
} from '../keys/passkey-ceremony.ts';
import { SealError } from '../keys/seal-error.ts';
import type { Connection, Database } from '../store/database.ts';
import {
  deletePasskey,
  deletePasskeysOf,
  hasPasskeys,
  insertPasskey,
  listPasskeys,
  lockPasskeysOf,
  notePasskeyUse,
  type StoredPasskey,
} from '../store/passkeys.ts';
import type { Log } from '../telemetry/log.ts';
import type { OpenedLink } from './open-link.ts';

export interface PasskeyDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly journal: Pick<Journal, 'append'>;
  readonly keys: Pick<KeyStore, 'symmetricKeys'>;
  readonly site: PasskeySite;
  readonly log: Log;
}

/** A passkey as its person is told of it. */
export interface ToldPasskey {
  readonly id: string;
  readonly tag: string;
  /** `YYYY-MM-DD` */
  readonly createdOn: string;
  readonly usedOn: string;
}

/** A question to an authenticator. What its answer must fit is for the asking browser alone. */
export interface PasskeyQuestion {
  readonly challenge: string;
  /** What the browser is asked with. */
  readonly options: object;
}

/** A question to make one, with what it will be known by. */
export interface CreationQuestion extends PasskeyQuestion {
  readonly userHandle: string;
  readonly tag: string;
}

export type Creation = 'made' | 'refused' | 'too_many';

/** Whether the person behind a link has a passkey; asked before anything is proved. */
export async function hasPasskey(
  { database, keys }: Pick<PasskeyDeps, 'database' | 'keys'>,
  owner: PasskeyOwner,
): Promise<boolean> {
  const boxes = await boxesOf(keys, owner);
  return database.transaction([owner.organisationId], (connection) =>
    hasPasskeys(
      connection,
      boxes.map(({ index }) => index),
    ),
  );
}

/**
 * Passkeys of a person, as their organisation knows them by `recipient.subject`. One that was made
 * behind one link opens every other link of the same person, organisation, mode and portal.
 */
export function passkeyUseCases(deps: PasskeyDeps) {
  const { database, journal, keys, site, log } = deps;

  async function held(owner: PasskeyOwner) {
    const boxes = await boxesOf(keys, owner);
    const indexes = boxes.map(({ index }) => index);
    const rows = await database.transaction([owner.organisationId], (connection) =>
      listPasskeys(connection, indexes),
    );
    return { boxes, indexes, passkeys: rows.flatMap((row) => opened(boxes, row, log)) };
  }

  return {
    /** Asks for a passkey. The question is the same for everybody. */
    ask(): PasskeyQuestion {
      const challenge = randomText();
      return { challenge, options: requestOptions(site, { challenge }) };
    },

    /**
     * Whether this is the answer to that question, by a passkey of the person behind the link.
     *
     * @returns the tier that it opens; undefined for anything else, a counter that went back included
     */
    async prove(input: {
      link: OpenedLink;
      challenge: string;
      answer: Secret<string>;
    }): Promise<Tier | undefined> {
      const { link, challenge } = input;
      const owner = link.passkeyOwner;
      const answer = input.answer.reveal();
      const credentialId = credentialIdIn(answer);
      if (!owner || credentialId === undefined) return undefined;
      const { passkeys } = await held(owner);
      const found = passkeys.find(({ passkey }) => passkey.credentialId === credentialId);
      if (!found) return undefined;
      const { row, passkey } = found;
      const signCount = await readUsed(site, {
        ...{ answer, challenge, passkey, signCount: row.signCount },
      });
      if (signCount === undefined) return undefined;
      const { organisationId } = owner;
      const isFirst = await database.transaction([organisationId], (connection) =>
        notePasskeyUse(connection, {
          ...{ id: row.id, signCount },
          challenge: createHash('sha256').update(challenge).digest(),
        }),
      );
      if (!isFirst) log.warn('a passkey answered twice', { organisationId });
      return isFirst ? tierOf('passkey', link.stored) : undefined;
    },

    /** Asks to make one. @param site what it is called in the phone, before its tag */
    async askToMake(owner: PasskeyOwner, { name }: { name: string }): Promise<CreationQuestion> {
      const { passkeys } = await held(owner);
      const [challenge, userHandle, tag] = [randomText(), randomText(), newTag()];
      const options = creationOptions(site, {
        ...{ challenge, userHandle },
        names: { site: name, user: `${name} ${tag}` },
        known: passkeys.map(({ passkey }) => passkey.credentialId),
      });
      return { challenge, options, userHandle, tag };
    },

    async make(
      owner: PasskeyOwner,
      input: {
        question: Pick<CreationQuestion, 'challenge' | 'userHandle' | 'tag'>;
        answer: Secret<string>;
      },
    ): Promise<Creation> {
      const { challenge, userHandle, tag } = input.question;
      const made = await readCreated(site, { answer: input.answer.reveal(), challenge });
      if (!made) return 'refused';
      const { organisationId, mode } = owner;
      const boxes = await boxesOf(keys, owner);
      const newest = boxes.at(-1);
      if (!newest) return 'refused';
      const indexes = boxes.map(({ index }) => index);
      const { signCount, ...credential } = made;
      const id = randomUUID();
      return database.transaction([organisationId], async (connection) => {
        await lockPasskeysOf(connection, newest.index);
        const rows = await listPasskeys(connection, indexes);
        if (rows.length >= limits.passkeysMax) return 'too_many';
        const isThere = rows
          .flatMap((row) => opened(boxes, row, log))
          .some(({ passkey }) => passkey.credentialId === credential.credentialId);
        if (isThere) return 'refused';
        const sealed = newest.seal(id, { ...credential, userHandle, tag });
        const row = { id, organisationId, mode, subjectIndex: newest.index, sealed, signCount };
        await insertPasskey(connection, row);
        return 'made';
      });
    },

    async list(owner: PasskeyOwner): Promise<ToldPasskey[]> {
      const { passkeys } = await held(owner);
      return passkeys.map(({ row: { id, createdOn, usedOn }, passkey: { tag } }) => {
        return { id, tag, createdOn, usedOn };
      });
    },

    /** Forgets one of this person's. It is in the journal before it is committed. */
    async remove(owner: PasskeyOwner, id: string): Promise<void> {
      const indexes = (await boxesOf(keys, owner)).map(({ index }) => index);
      await database.transaction([owner.organisationId], async (connection) => {
        if (!(await deletePasskey(connection, { id, indexes }))) return;
        await journal.append({ kind: 'passkey_removal', passkeyId: id });
      });
    },
  };
}

/**
 * Forgets every passkey of a person, within the transaction that erases an appointment of theirs.
 *
 * @returns how many there were; they are in the journal before it is committed
 */
export async function removePasskeysOf(
  { journal, keys }: Pick<PasskeyDeps, 'journal' | 'keys'>,
  connection: Connection,
  owner: PasskeyOwner,
): Promise<number> {
  const indexes = (await boxesOf(keys, owner)).map(({ index }) => index);
  const newest = indexes.at(-1);
  // One that is being made at this moment is waited for.
  if (newest) await lockPasskeysOf(connection, newest);
  const ids = await deletePasskeysOf(connection, indexes);
  for (const passkeyId of ids) await journal.append({ kind: 'passkey_removal', passkeyId });
  return ids.length;
}

/** Under every key there is, the newest last. */
async function boxesOf(
  keys: Pick<KeyStore, 'symmetricKeys'>,
  owner: PasskeyOwner,
): Promise<PasskeyBox[]> {
  return (await keys.symmetricKeys('passkey')).map((key) => passkeyBox(key, owner));
}

/** One that does not open is none. */
function opened(boxes: readonly PasskeyBox[], row: StoredPasskey, log: Log) {
  const box = boxes.find(({ index }) => index.equals(row.subjectIndex));
  try {
    return box ? [{ row, passkey: box.open(row.id, row.sealed) }] : [];
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    log.error('a passkey does not open', { code: error.code });
    return [];
  }
}

/** Without what is read as something else. */
const letters = 'ABCDEFGHJKLMNPQRTUVWXY346789';
function newTag(): string {
  return Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
}
