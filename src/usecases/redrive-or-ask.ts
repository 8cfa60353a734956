import type { Mode } from '../domain/channel.ts';
import { hasGrownMuch } from '../domain/preview.ts';
import { countSentAgainAlone } from '../store/audit-reads.ts';
import { askSecondPerson } from './ask-second-person.ts';
import { previewRedrive } from './preview-redrive.ts';
import {
  type Actor,
  type RedriveDeps,
  type RedriveFilter,
  redriveDeadLetters,
} from './redrive-dead-letters.ts';

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
 * @param input.shown how many the preview said would go out
 * @param input.aloneMax how many one person may send again
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
  // Many small presses are one large one.
  const before = await deps.database.transaction([], (connection) =>
    countSentAgainAlone(connection, by.actor),
  );
  if (before + go <= aloneMax) {
    // What fails from here on is for the next press.
    const countMax = aloneMax - before;
    return { kind: 'sent', count: await redriveDeadLetters(deps, { filter, countMax, ...by }) };
  }
  const requestId = await deps.database.transaction([], (connection) =>
    askSecondPerson(connection, {
      action: 'reminders.redrive',
      details: detailsOf(filter),
      shown: go,
      ...by,
    }),
  );
  return { kind: 'asked', requestId };
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
