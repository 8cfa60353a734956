import type { DoubtSight } from '../domain/doubt.ts';
import type { Secret } from '../domain/secret.ts';
import { linkLookup, linkMark } from '../keys/link-secret.ts';
import { openParcel } from '../keys/open-parcel.ts';
import type { Database } from '../store/database.ts';
import { type DoubtfulAttempt, findBoundProviderIds, type TakenDoubt } from '../store/uncertain.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import type { LookUpQuestion, SeenMessage } from '../transport/transport.ts';
import type { Route } from './routes.ts';

export interface LookForDeps {
  readonly database: Pick<Database, 'query'>;
  readonly epochPrivateKey: (day: string) => Promise<Secret<Buffer> | undefined>;
  /** What opens a link of it; another than the true one where nothing is sealed. */
  readonly openLink?: typeof openLink;
  readonly log: Log;
}

/** What a provider shows of a send in doubt. */
export interface CopiesSeen {
  /** Messages that hold its link and are no other attempt's. */
  readonly found: readonly SeenMessage[];
  /** What these may be of. */
  readonly attempts: readonly DoubtfulAttempt[];
  readonly sight: DoubtSight;
}

/**
 * Looks for the messages of a reminder in doubt at its provider: by the number that they would have
 * gone to, and by the link that they alone hold. Both are opened for this one question.
 */
export async function lookForCopies(
  deps: LookForDeps,
  { doubt, route }: { doubt: TakenDoubt; route: Route },
): Promise<CopiesSeen> {
  const { idempotency, name } = route.transport;
  const attempts = doubt.attempts.filter(({ transport }) => transport === name);
  const blind: CopiesSeen = { found: [], attempts, sight: { kind: 'blind' } };
  if (idempotency.kind === 'none') return blind;
  const question = await makeQuestion(deps, doubt, attempts);
  if (!question) return blind;
  const answer = await idempotency.find(question);
  if (answer.kind === 'unanswered') return { ...blind, sight: { kind: 'unanswered' } };
  const { holding, textless, isWhole } = answer;
  const bound = await findBoundProviderIds(
    deps.database,
    [...holding, ...textless].map(({ providerId }) => providerId),
  );
  const isFree = ({ providerId }: SeenMessage) => !bound.has(providerId);
  const found = holding.filter(isFree);
  const count = textless.filter(isFree).length;
  if (count > 0) return { found, attempts, sight: { kind: 'textless', count } };
  if (!isWhole) return { found, attempts, sight: { kind: 'endless' } };
  // What was handed to another provider is not missing because this one does not show it.
  const isAll = attempts.length === doubt.attempts.length;
  return { found, attempts, sight: { kind: isAll ? 'absent' : 'blind' } };
}

/**
 * Where a correction has changed the number since, the newest one is asked for.
 *
 * @returns undefined when nothing is left to look for it by
 */
async function makeQuestion(
  deps: LookForDeps,
  doubt: TakenDoubt,
  attempts: readonly DoubtfulAttempt[],
): Promise<LookUpQuestion | undefined> {
  const { openLink: open = openLink } = deps;
  const marks: Secret<string>[] = [];
  let to: Secret<string> | undefined;
  for (const { link } of attempts) {
    const opened = link && (await open(deps, doubt, link));
    if (!opened) continue;
    marks.push(opened.mark);
    to = opened.to;
  }
  const sinceMs = Math.min(...attempts.map(({ startedAtMs }) => startedAtMs));
  return to && { to, marks, sinceMs };
}

/** @throws when the key cannot be read now; a parcel that does not open is as good as gone */
async function openLink(
  { epochPrivateKey: keyOf, log }: LookForDeps,
  doubt: TakenDoubt,
  link: NonNullable<DoubtfulAttempt['link']>,
): Promise<{ to: Secret<string>; mark: Secret<string> } | undefined> {
  const epochPrivateKey = await keyOf(link.day);
  if (!epochPrivateKey) return undefined;
  try {
    const parcel = openParcel({ epochPrivateKey, binding: doubt, sealed: link.parcel });
    // Whoever can write to the database can seal to a public key; only the true secret leads to L.
    if (!linkLookup(parcel.linkSecret).equals(link.lookup)) return undefined;
    return { to: parcel.contactPoint, mark: linkMark(parcel.linkSecret) };
  } catch (error) {
    log.error('a reminder could not be opened', {
      ...errorFacts(error),
      reminderId: doubt.reminderId,
    });
    return undefined;
  }
}
