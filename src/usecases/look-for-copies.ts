import type { DoubtSight } from '../domain/doubt.ts';
import { Secret } from '../domain/secret.ts';
import { linkLookup, linkMark } from '../keys/link-secret.ts';
import { openParcel } from '../keys/open-parcel.ts';
import type { Database } from '../store/database.ts';
import {
  type DoubtfulAttempt,
  findBoundProviderIds,
  type SealedLink,
  type TakenDoubt,
} from '../store/uncertain.ts';
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
  /** Those that a receipt has settled since, each with its own message. */
  readonly settled: readonly { readonly attempt: DoubtfulAttempt; readonly copy: SeenMessage }[];
  readonly sight: DoubtSight;
}

/**
 * Looks for the messages of a reminder in doubt at its provider: by the numbers that they would have
 * gone to, and by the links that they alone hold. Both are opened for these questions alone.
 */
export async function lookForCopies(
  deps: LookForDeps,
  { doubt, route }: { doubt: TakenDoubt; route: Route },
): Promise<CopiesSeen> {
  const { idempotency, name } = route.transport;
  const tried = doubt.attempts.filter(({ transport }) => transport === name);
  const blind: CopiesSeen = { found: [], attempts: tried, settled: [], sight: { kind: 'blind' } };
  if (idempotency.kind === 'none') return blind;
  const questions = await makeQuestions(deps, doubt, tried);
  if (questions.length === 0) return blind;
  const answers = await Promise.all(questions.map((question) => idempotency.find(question)));
  const answered = answers.filter((answer) => answer.kind === 'answered');
  if (answered.length < answers.length) return { ...blind, sight: { kind: 'unanswered' } };
  const holding = answered.flatMap((answer) => answer.holding);
  const textless = answered.flatMap((answer) => answer.textless);
  const bound = await findBoundProviderIds(deps.database, {
    reminderId: doubt.reminderId,
    holding: holding.map(({ providerId }) => providerId),
    textless: textless.map(({ providerId }) => providerId),
  });
  const isFree = ({ providerId }: SeenMessage) => !bound.has(providerId);
  const found = holding.filter(isFree);
  const settled = holding.flatMap((copy) => {
    const attempt = tried.find(({ attemptId }) => attemptId === bound.get(copy.providerId));
    return attempt ? [{ attempt, copy }] : [];
  });
  const attempts = tried.filter((one) => settled.every(({ attempt }) => attempt !== one));
  const seen = { found, attempts, settled };
  const count = textless.filter(isFree).length;
  if (count > 0) return { ...seen, sight: { kind: 'textless', count } };
  if (answered.some(({ isWhole }) => !isWhole)) return { ...seen, sight: { kind: 'endless' } };
  // What was handed to another provider is not missing because this one does not show it, nor is what a
  // life that is over had it delete once it had arrived.
  const isElsewhere = tried.length < doubt.attempts.length;
  const mayBeDeleted = doubt.restored !== null && route.transport.copies !== undefined;
  return { ...seen, sight: { kind: isElsewhere || mayBeDeleted ? 'blind' : 'absent' } };
}

/**
 * One question for each contact point that a message may have gone to: a correction may have changed it
 * between two attempts.
 *
 * @returns nothing when nothing is left to look for it by
 */
async function makeQuestions(
  deps: LookForDeps,
  doubt: TakenDoubt,
  attempts: readonly DoubtfulAttempt[],
): Promise<LookUpQuestion[]> {
  const { openLink: open = openLink } = deps;
  const { restored } = doubt;
  const links = [...attempts.flatMap(({ link }) => link ?? []), ...(restored?.links ?? [])];
  const lookups = new Set<string>();
  const marksOf = new Map<string, Secret<string>[]>();
  for (const link of links) {
    const lookup = link.lookup.toString('hex');
    if (lookups.has(lookup)) continue;
    lookups.add(lookup);
    const opened = await open(deps, doubt, link);
    if (!opened) continue;
    const to = opened.to.reveal();
    marksOf.set(to, [...(marksOf.get(to) ?? []), opened.mark]);
  }
  const sinceMs = Math.min(
    ...attempts.map(({ startedAtMs }) => startedAtMs),
    restored?.sendAtMs ?? Number.POSITIVE_INFINITY,
  );
  return Array.from(marksOf, ([to, marks]) => ({ to: new Secret(to), marks, sinceMs }));
}

/** @throws when the key cannot be read now; a parcel that does not open is as good as gone */
async function openLink(
  { epochPrivateKey: keyOf, log }: LookForDeps,
  doubt: TakenDoubt,
  link: SealedLink,
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
