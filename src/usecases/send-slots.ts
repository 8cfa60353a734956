import type { SendOutcome } from '../transport/transport.ts';

/** What a provider took within this time is how far intents are written ahead. */
const aheadMs = 50;
/**
 * Whoever got no socket by then is given back: the provider has become slow. A pause or a stop that comes
 * after the intent holds nothing that waits, so that this is how far it can be outrun, but for the time that
 * connecting to the provider takes.
 */
const patienceMs = 250;

/**
 * The sockets of one lane to its provider, and the places for intents: one for each socket, and some ahead
 * while the provider is quick, so that no socket stands idle while intents are committed. After a kill each
 * of them is in doubt.
 */
export interface SendSlots {
  /**
   * Takes up to `most` places: at least a quarter of all, or `most` when that is less, so that a busy
   * worker does not commit once for every socket that comes free. First come, first served.
   */
  take(most: number): Promise<number>;
  /** Gives back places of what is not sent. */
  give(count: number): void;
  /**
   * Sends as soon as a socket is free, first come, first served, and gives the place back.
   *
   * @returns undefined when nothing was begun, also when no socket came free in time
   */
  through(send: () => Promise<SendOutcome | undefined>): Promise<SendOutcome | undefined>;
}

/**
 * @param options.aheadMax places ahead of the sockets at most: as many as those unless given
 * @param options.nowMs milliseconds that only go forward
 */
export function createSendSlots(
  socketsMax: number,
  {
    aheadMax = socketsMax,
    nowMs = () => performance.now(),
  }: { aheadMax?: number; nowMs?: () => number } = {},
): SendSlots {
  const queue: { most: number; taken: (count: number) => void }[] = [];
  const waiting = new Set<(isFree: boolean) => void>();
  /** When the last were accepted, oldest first, of those that took less time than anybody waits. */
  const accepted: number[] = [];
  let taken = 0;
  let inTheAir = 0;

  /** None before the first are accepted, none for a slow provider, and none a moment after it takes no more. */
  function ahead(): number {
    const since = nowMs() - aheadMs;
    while ((accepted[0] ?? Number.POSITIVE_INFINITY) <= since) accepted.shift();
    return accepted.length;
  }

  function serve(): void {
    if (queue.length === 0) return;
    const places = socketsMax + ahead();
    for (let next = queue[0]; next; next = queue[0]) {
      const free = places - taken;
      if (free < Math.min(next.most, Math.ceil(places / 4))) return;
      queue.shift();
      const count = Math.min(next.most, free);
      taken += count;
      next.taken(count);
    }
  }

  function takeSocket(): Promise<boolean> | true {
    if (inTheAir < socketsMax) {
      inTheAir += 1;
      return true;
    }
    return new Promise((resolve) => {
      const wake = (isFree: boolean) => {
        clearTimeout(timer);
        waiting.delete(wake);
        resolve(isFree);
      };
      const timer = setTimeout(wake, patienceMs, false);
      waiting.add(wake);
    });
  }

  /** Whoever is next takes it over. */
  function leaveSocket(): void {
    const [next] = waiting;
    if (next) next(true);
    else inTheAir -= 1;
  }

  function give(count: number): void {
    taken -= count;
    serve();
  }

  return {
    take: (most) =>
      new Promise((resolve) => {
        queue.push({ most, taken: resolve });
        serve();
      }),
    give,
    async through(send) {
      try {
        if (!(await takeSocket())) return undefined;
        try {
          const begunMs = nowMs();
          const outcome = await send();
          const isQuick = nowMs() - begunMs < patienceMs;
          if (isQuick && outcome?.kind === 'accepted') accepted.push(nowMs());
          if (accepted.length > aheadMax) accepted.shift();
          return outcome;
        } finally {
          leaveSocket();
        }
      } finally {
        give(1);
      }
    },
  };
}
