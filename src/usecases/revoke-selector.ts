import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { insertRevokedSelector, type RevokedLinks, revokeLinksOf } from '../store/revoked-keys.ts';
import { tryJournal } from './try-journal.ts';

export interface RevokeSelectorDeps {
  readonly adminUrl: Secret<string>;
  readonly journal: Pick<Journal, 'append'>;
  readonly keys: Pick<KeyStore, 'keptKeys' | 'addKey' | 'removeKey'>;
  /** Until no process signs with the key any more. */
  readonly untilForgotten: () => Promise<void>;
}

const firstId = '00000000-0000-0000-0000-000000000000';
const rowsMax = 5_000;

/**
 * Revokes a link key: from the first COMMIT on no link that went out under it opens, at any process,
 * whatever that still has in its memory. What is still owed is signed under another key at its next send.
 *
 * Again is safe, and finishes what a crash cut short. What a worker signed with the key before it read
 * that it is gone is ended in a second round.
 *
 * @returns what became of its links, and whether the journal has it; if not, do it again after a restore
 */
export async function revokeSelector(
  deps: RevokeSelectorDeps,
  { selector, reason }: { selector: string; reason: string },
): Promise<RevokedLinks & { isJournaled: boolean }> {
  await administer(deps.adminUrl, async (connection) => {
    await insertRevokedSelector(connection, selector);
    await recordAdministration(connection, {
      action: 'link_key.revoke',
      subject: selector,
      reason,
    });
  });
  const journaled = await tryJournal(deps.journal, { kind: 'selector_revocation', selector });
  // A successor first: without any key nothing could be signed at all.
  const others = (await deps.keys.keptKeys('link')).filter(({ id }) => id !== selector);
  if (others.length === 0) await deps.keys.addKey('link');
  await deps.keys.removeKey('link', selector);
  const atOnce = await endLinks(deps, selector);
  await deps.untilForgotten();
  const later = await endLinks(deps, selector);
  return {
    ...journaled,
    ended: atOnce.ended + later.ended,
    owed: atOnce.owed + later.owed,
  };
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
