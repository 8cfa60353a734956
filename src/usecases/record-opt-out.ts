import type { Channel } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { OptOutClaim } from '../keys/opt-out-token.ts';
import { suppressionIndexes } from '../keys/suppression-index.ts';
import type { Connection, Database } from '../store/database.ts';
import {
  deleteSuppressions,
  insertSuppression,
  renewSuppression,
  type Suppression,
  type SuppressionSource,
} from '../store/suppressions.ts';
import type { JournaledChange } from './begin-change.ts';

export interface OptOutDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly journal: Pick<Journal, 'append'>;
  readonly keys: Pick<KeyStore, 'symmetricKeys'>;
}

type WriteDeps = Omit<OptOutDeps, 'database'>;
type LiftDeps = WriteDeps & { readonly lifting: Pick<JournaledChange, 'append'> };

/** Somebody's word about messages to them. */
export interface OptOut {
  readonly channel: Channel;
  /** In the form of `contact-point.ts`. */
  readonly contact: Secret<string>;
  readonly source: SuppressionSource;
}

/**
 * Stops all messages to a contact point, of every organisation. Saying it twice is saying it once, the second
 * time: a START from before that takes nothing back.
 *
 * The journal has it before the database, so that a restored database cannot forget it.
 *
 * @throws {AppError} `unavailable` when nothing was stored; then it is to be said again
 */
export async function recordOptOut(deps: OptOutDeps, optOut: OptOut): Promise<void> {
  const { channel, source } = optOut;
  const index = await newestIndex(deps, optOut.contact);
  await store(deps, { ...index, channel, source });
}

/** The same for somebody who holds an opt-out token: who they are is not known here. */
export async function recordOptOutClaim(deps: OptOutDeps, claim: OptOutClaim): Promise<void> {
  await store(deps, { ...claim, source: 'one_click' });
}

/** Both words of someone who texts back, in the caller's transaction, as of when they came. */
export interface Reply {
  readonly word: 'stop' | 'start';
  readonly from: Secret<string>;
  /** The database's time, as it writes it. */
  readonly saidAt: string;
}

/**
 * Carries out what somebody texted: STOP, or START, which takes back every stop of that number that
 * was said before it, however it was said. It is the person's own later word.
 *
 * @param deps.lifting what tells the journal, after the COMMIT, that stops are taken back
 * @returns whether anything changed
 */
export async function applyReply(
  deps: LiftDeps,
  connection: Connection,
  reply: Reply,
): Promise<boolean> {
  return reply.word === 'stop'
    ? stopNumber(deps, connection, { ...reply, source: 'reply' })
    : startNumber(deps, connection, reply);
}

/** Stops a number in the caller's transaction, as of when the word came; see {@link applyReply}. */
export async function stopNumber(
  deps: WriteDeps,
  connection: Connection,
  stop: { from: Secret<string>; saidAt: string; source: SuppressionSource },
): Promise<boolean> {
  const { from, saidAt, source } = stop;
  const suppression = { ...(await newestIndex(deps, from)), channel: 'sms', source } as const;
  const isNew = await renewSuppression(connection, { ...suppression, saidAt });
  if (isNew) await deps.journal.append(entryOf('suppression', suppression));
  return isNew;
}

async function startNumber(
  deps: LiftDeps,
  connection: Connection,
  { from, saidAt }: Reply,
): Promise<boolean> {
  const indexes = suppressionIndexes(await deps.keys.symmetricKeys('pepper'), from);
  const lifted = await deleteSuppressions(connection, {
    indexes: indexes.map(({ index }) => index),
    saidAt,
  });
  for (const one of lifted) await deps.lifting.append(liftedEntry(one));
  return lifted.length > 0;
}

async function store({ database, journal }: OptOutDeps, suppression: Suppression): Promise<void> {
  await database.transaction([], async (connection) => {
    const isNew = await insertSuppression(connection, suppression);
    if (isNew) await journal.append(entryOf('suppression', suppression));
  });
}

async function newestIndex({ keys }: Pick<WriteDeps, 'keys'>, contact: Secret<string>) {
  const index = suppressionIndexes(await keys.symmetricKeys('pepper'), contact).at(-1);
  if (!index) throw new AppError('key_missing');
  return index;
}

/** What the journal holds of a stop that was taken back. */
export function liftedEntry(suppression: Suppression) {
  return entryOf('suppression_lifted', suppression);
}

function entryOf(kind: 'suppression' | 'suppression_lifted', suppression: Suppression) {
  const { index, pepperId: pepper, channel, source } = suppression;
  return { kind, index: index.toString('hex'), pepper, channel, source };
}
