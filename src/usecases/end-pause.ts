import { hasGrownMuch } from '../domain/preview.ts';
import { countLetGoAlone } from '../store/audit-reads.ts';
import type { Connection, Database } from '../store/database.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import { countHeldByPause, lockPauses } from '../store/pause-measures.ts';
import { listActivePauses } from '../store/pauses.ts';
import { askSecondPerson } from './ask-second-person.ts';
import type { Actor } from './redrive-dead-letters.ts';
import { resumeSending } from './resume-sending.ts';

export type PauseEnd =
  | { readonly kind: 'ended' }
  /** Somebody else ended it, or the button was pressed twice. */
  | { readonly kind: 'over' }
  /** Far more would go out than was shown. */
  | { readonly kind: 'grown' }
  /** Somebody else has to approve it first. */
  | { readonly kind: 'asked'; readonly requestId: string };

interface PauseEnding extends Actor {
  readonly pauseId: string;
  /** How many reminders the preview said would go out. */
  readonly shown: number;
  /** How many one person may let go. */
  readonly aloneMax: number;
}

/**
 * Ends exactly the pause that was looked at, and not one that somebody began in its place since; or asks a
 * second person where it lets go more than one may.
 */
export async function endPause(
  { database }: { database: Pick<Database, 'transaction' | 'query'> },
  ending: PauseEnding,
): Promise<PauseEnd> {
  const organisationIds = await listOrganisationIds(database);
  return database.transaction(organisationIds, (connection) =>
    endPauseWithin(connection, { ...ending, organisationIds }),
  );
}

/** The same, in a transaction that sees these organisations. */
export async function endPauseWithin(
  connection: Connection,
  input: PauseEnding & { organisationIds: readonly string[] },
): Promise<PauseEnd> {
  const { pauseId, shown, aloneMax, organisationIds, actor, reason } = input;
  if (!(await lockPauses(connection, pauseId))) return { kind: 'over' };
  const pause = (await listActivePauses(connection)).find(({ id }) => id === pauseId);
  if (!pause) return { kind: 'over' };
  const { organisationId, channel } = pause;
  const held = await countHeldByPause(connection, {
    pauseId,
    channel,
    organisationIds: organisationId === undefined ? organisationIds : [organisationId],
  });
  const heldCount = held.reduce((sum, { count }) => sum + count, 0);
  if (hasGrownMuch({ shown, now: heldCount })) return { kind: 'grown' };
  const by = { actor, reason };
  // Many small pauses are one large one.
  if (heldCount > 0 && heldCount + (await countLetGoAlone(connection, actor)) > aloneMax) {
    const details = { pause: pauseId };
    const asking = { action: 'sending.resume', details, shown: heldCount, ...by } as const;
    return { kind: 'asked', requestId: await askSecondPerson(connection, asking) };
  }
  const ended = await resumeSending(
    { transaction: (work) => work(connection) },
    { organisationId, channel, ...by, letGoAlone: Number.isFinite(aloneMax) ? heldCount : 0 },
  );
  return { kind: ended ? 'ended' : 'over' };
}
