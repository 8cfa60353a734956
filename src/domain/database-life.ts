/**
 * Whether a database is what it was, judged by a mark that lies outside of it.
 *
 * A database lives until it is restored; then another life begins, and what the last one knew since the
 * backup is lost. Before each mark is written, a counter in the database is raised, so a mark that is
 * ahead of its database proves that the database went back.
 */

/** How far a database was known to be. Ids, counts and times only. */
export interface HighWaterMark {
  readonly life: number;
  readonly beat: number;
  /** ISO 8601, by the database's clock. */
  readonly at: string;
  /** Not after that moment, by the clock of whoever marked it. Older versions did not say. */
  readonly localAt?: string;
  readonly identity: string;
  readonly timeline: string;
  /** What all events until then stand before, and the newest one's id; in digits. */
  readonly transaction: string;
  readonly event: string;
  /** Versions accepted so far, by organisation. */
  readonly accepted: Readonly<Record<string, number>>;
}

/** A server and the tables on it: a restore by copying files keeps its identity, a dump gets another. */
export interface ServerIdentity {
  readonly identity: string;
  /** Another one since a standby was promoted, or a log replayed to some point. */
  readonly timeline: string;
  readonly run: string;
}

/** The life that a database says it is in. */
export interface DatabaseLife {
  readonly number: number;
  readonly beat: number;
  readonly isReady: boolean;
  /** Null: it was never compared with a mark. */
  readonly identity: string | null;
  readonly timeline: string | null;
  readonly run: string | null;
}

/**
 * `behind`: what the mark had seen is gone. `moved`: the same tables on another server, or loaded from a
 * dump. `promoted`: what a standby, or the log, had not received may be gone, which is less than the time
 * between two marks.
 */
export type Restore = 'behind' | 'moved' | 'promoted';

export type LifeVerdict =
  | { readonly kind: 'same' }
  /** Nothing tells: there is no mark, or one that somebody stopped writing long ago. */
  | { readonly kind: 'untold' }
  /** The last restore has not been dealt with to the end. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'restored'; readonly restore: Restore };

/** Several schedulers raise the counter in turn, and each keeps a mark of its own. */
const beatsBehindMax = 20;

export function judgeLife(input: {
  mark: HighWaterMark | undefined;
  life: DatabaseLife;
  server: ServerIdentity;
}): LifeVerdict {
  const { mark, life, server } = input;
  if (!life.isReady) return { kind: 'unfinished' };
  const isBehind =
    mark && (mark.life === life.number ? mark.beat > life.beat : mark.life > life.number);
  if (isBehind) return { kind: 'restored', restore: 'behind' };
  if (life.identity !== null) {
    if (life.identity !== server.identity) return { kind: 'restored', restore: 'moved' };
    if (life.timeline !== server.timeline) return { kind: 'restored', restore: 'promoted' };
  }
  const isNew = life.run === null;
  if (isNew || life.run === server.run) return { kind: 'same' };
  const isFresh = mark?.life === life.number && mark.beat >= life.beat - beatsBehindMax;
  return isFresh ? { kind: 'same' } : { kind: 'untold' };
}

/** How far the clock of whoever compares may have been set back since the mark. */
const clockSlackMs = 5_000;
/** Within which another mark would have been written. */
const nextMarkMs = 120_000;

/**
 * Until when, as reminders know time, a database may have been sent from before another took its place:
 * no later than that one began, nor than its own clock can have got since the mark, whatever clocks say
 * of each other.
 *
 * @param input.now by the clock that `localAt` was read from
 */
export function sentUntil(input: {
  mark: HighWaterMark | undefined;
  begunAt: Temporal.Instant;
  now: Temporal.Instant;
}): Temporal.Instant {
  const { mark, begunAt, now } = input;
  if (!mark) return begunAt;
  const passedMs = now.epochMilliseconds - Date.parse(mark.localAt ?? '');
  const isKnown = passedMs >= 0;
  const until = Temporal.Instant.from(mark.at).add({
    milliseconds: isKnown ? passedMs + clockSlackMs : nextMarkMs,
  });
  return Temporal.Instant.compare(until, begunAt) > 0 ? until : begunAt;
}

/** How many accepted versions of each organisation are gone: at least so many, less a minute or two. */
export function countLost(input: {
  marked: Readonly<Record<string, number>>;
  present: Readonly<Record<string, number>>;
}): { organisationId: string; count: number }[] {
  return Object.entries(input.marked)
    .map(([organisationId, count]) => ({
      organisationId,
      count: count - (input.present[organisationId] ?? 0),
    }))
    .filter(({ count }) => count > 0);
}
