import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { addKeyToAll } from '../keys/add-key-to-all.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import {
  insertRevokedSelector,
  linksBySelector,
  type RevokedLinks,
  readRevokedSelectors,
  revokeLinksOf,
} from '../store/revoked-keys.ts';
import { tryJournal } from './try-journal.ts';

export interface RevokeSelectorDeps {
  readonly adminUrl: Secret<string>;
  readonly journal: Pick<Journal, 'append'>;
  /** Of every role that has link keys; more than one where roles have folders of their own. */
  readonly stores: readonly [KeyStore, ...KeyStore[]];
  /** Until no process signs with the key any more. */
  readonly untilForgotten: () => Promise<void>;
}

/** Why nothing was revoked: nobody knows the selector, or of several stores one never had its key. */
export type SelectorProblem = 'unknown' | 'not_in_every_store';

const firstId = '00000000-0000-0000-0000-000000000000';
const rowsMax = 5_000;

/**
 * Revokes a link key: from the first COMMIT on no link that went out under it opens, at any process,
 * whatever that still has in its memory. What is still owed is signed under another key at its next send.
 *
 * Again is safe, and finishes what a crash cut short. What a worker signed with the key before it read
 * that it is gone is ended in a second round.
 *
 * Every store is written to before that COMMIT, and a successor is in all of them: a folder that cannot be
 * written changes nothing.
 *
 * @returns what became of its links, and whether the journal has it; if not, do it again after a restore
 * @throws {KeyStoreError} when a store cannot be written
 */
export async function revokeSelector(
  deps: RevokeSelectorDeps,
  { selector, reason }: { selector: string; reason: string },
): Promise<(RevokedLinks & { isJournaled: boolean }) | { problem: SelectorProblem }> {
  const problem = await prepareStores(deps, selector);
  if (problem) return { problem };
  const journaled = await administer(deps.adminUrl, async (connection) => {
    await insertRevokedSelector(connection, selector);
    const written = await tryJournal(deps.journal, { kind: 'selector_revocation', selector });
    await recordAdministration(connection, {
      action: 'link_key.revoke',
      subject: selector,
      reason,
    });
    return written;
  });
  for (const store of deps.stores) await store.revokeKey('link', selector);
  const atOnce = await endLinks(deps, selector);
  await deps.untilForgotten();
  const later = await endLinks(deps, selector);
  return {
    ...journaled,
    ended: atOnce.ended + later.ended,
    owed: atOnce.owed + later.owed,
  };
}

/** Sees that the key can go from every store, and that each has another one to sign with. */
async function prepareStores(
  { adminUrl, stores }: RevokeSelectorDeps,
  selector: string,
): Promise<SelectorProblem | undefined> {
  const { revoked, linked } = await administer(adminUrl, async (connection) => ({
    revoked: await readRevokedSelectors(connection),
    linked: (await linksBySelector(connection)).map((found) => found.selector),
  }));
  const kept: string[][] = [];
  const marked: (readonly string[])[] = [];
  for (const store of stores) {
    kept.push((await store.keptKeys('link')).map(({ id }) => id));
    marked.push(await store.revokedIds('link'));
  }
  // A mark is of a revocation that was cut short, or is done once more: then it may be gone already.
  const holders = stores.filter(
    (_, index) => kept[index]?.includes(selector) || marked[index]?.includes(selector),
  );
  if (holders.length === 0 && ![...revoked, ...linked].includes(selector)) return 'unknown';
  const isAgain = [...revoked, ...marked.flat()].includes(selector);
  if (stores.length > 1 && holders.length < stores.length && !isAgain) return 'not_in_every_store';
  for (const store of stores) await store.checkWritable('link');
  const gone = new Set([selector, ...revoked, ...marked.flat()]);
  const [first = [], ...rest] = kept;
  const others = first.filter((id) => !gone.has(id) && rest.every((ids) => ids.includes(id)));
  // Without any key nothing could be signed at all.
  if (others.length === 0) await addKeyToAll(stores, 'link', [...gone, ...linked]);
  return undefined;
}

/** In transactions of their own, so that nobody waits long for what one of them has locked. */
async function endLinks({ adminUrl }: RevokeSelectorDeps, selector: string): Promise<RevokedLinks> {
  const total = { ended: 0, owed: 0 };
  for (let after = firstId; ; ) {
    const done = await administer(adminUrl, (connection) =>
      revokeLinksOf(connection, { selector, after, countMax: rowsMax }),
    );
    total.ended += done.ended;
    total.owed += done.owed;
    if (done.last === undefined) return total;
    after = done.last;
  }
}
