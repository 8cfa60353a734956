import type { Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { hasGrownMuch } from '../domain/preview.ts';
import type { RedriveDecision } from '../domain/redrive.ts';
import { countSentAgainAlone } from '../store/audit-reads.ts';
import type { Connection } from '../store/database.ts';
import { awaitDuty, tryDuty } from '../store/duty-lock.ts';
import { askSecondPerson } from './ask-second-person.ts';
import { previewRedrive } from './preview-redrive.ts';
import {
  type Actor,
  type RedriveDeps,
  type RedriveFilter,
  redriveDeadLetters,
  redriveReminder,
} from './redrive-dead-letters.ts';

const sendingAgain = 'redrive many';

export type RedriveEnd =
  | { readonly kind: 'sent'; readonly count: number }
  /** Far more would go out than was shown. */
  | { readonly kind: 'grown' }
  /** Somebody else has to approve it first. */
  | { readonly kind: 'asked'; readonly requestId: string };

/**
 * Sends all dead letters of a filter again, or asks a second person where that, with what the same one has
 * sent again within the hour, is more than one may.
 *
 * Each slice is added up and sent in one transaction, of which there is one at a time in all of a deployment:
 * of two presses at once one adds up what the other has sent. Nobody waits for it with a connection.
 *
 * @param input.shown how many the preview said would go out
 * @param input.aloneMax how many one person may send again
 * @throws {AppError} `busy` when nothing was sent because somebody else is sending
 */
export async function redriveOrAsk(
  deps: RedriveDeps,
  {
    filter,
    shown,
    aloneMax,
    ...by
  }: { filter: RedriveFilter; shown: number; aloneMax: number } & Actor,
): Promise<RedriveEnd> {
  const { go } = await previewRedrive(deps, filter);
  if (hasGrownMuch({ shown, now: go })) return { kind: 'grown' };
  let isBusy = false;
  const room = async (connection: Connection) => {
    isBusy = !(await tryDuty(connection, sendingAgain));
    // Many small presses are one large one.
    return isBusy ? 0 : aloneMax - (await countSentAgainAlone(connection, by.actor));
  };
  const requestId = await deps.database.transaction([], async (connection) => {
    const left = await room(connection);
    if (isBusy || go <= left) return undefined;
    const details = detailsOf(filter);
    return askSecondPerson(connection, { action: 'reminders.redrive', details, shown: go, ...by });
  });
  if (requestId !== undefined) return { kind: 'asked', requestId };
  // What fails from here on is for the next press.
  const count = isBusy ? 0 : await redriveDeadLetters(deps, { filter, room, ...by });
  if (isBusy && count === 0) throw new AppError('busy', { retryAfterS: 1 });
  return { kind: 'sent', count };
}

/**
 * Sends one failed reminder again, unless the same person has sent as many within the hour as one may alone:
 * a thousand presses are one large one.
 *
 * @throws {AppError} `not_found`; `busy`
 */
export async function redriveOne(
  deps: RedriveDeps,
  { aloneMax, ...one }: { reminderId: string; aloneMax: number } & Actor,
): Promise<{ appointmentId: string; decision: RedriveDecision }> {
  const room = async (connection: Connection) => {
    await awaitDuty(connection, sendingAgain);
    return aloneMax - (await countSentAgainAlone(connection, one.actor));
  };
  return redriveReminder(deps, { ...one, room });
}

function detailsOf({ reasonCode, organisationId, mode }: RedriveFilter): Record<string, string> {
  return {
    ...(reasonCode === undefined ? {} : { code: reasonCode }),
    ...(organisationId === undefined ? {} : { organisation: organisationId }),
    ...(mode === undefined ? {} : { mode }),
  };
}

/** The filter that a request was asked with. */
export function filterOfRequest(details: Readonly<Record<string, string>>): RedriveFilter {
  const { code, organisation, mode } = details;
  return { reasonCode: code, organisationId: organisation, mode: mode as Mode | undefined };
}
