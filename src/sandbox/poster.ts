const answerTimeoutMs = 5_000;
/** Waits before each further try while the receiver is away. */
const retryDelaysMs = [500, 2_000, 5_000, 15_000];

export interface Post {
  readonly url: string;
  readonly body: string | URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
}

export type Poster = ReturnType<typeof createPoster>;

/**
 * How the outside world tells Sotto something: a POST, repeated while nobody answers or the answer
 * is that of a server in trouble. `close` ends what waits.
 */
export function createPoster() {
  const stop = new AbortController();
  const timers = new Set<NodeJS.Timeout>();

  function later(afterMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, afterMs);
    timers.add(timer);
  }

  /**
   * @param make asked for each try; undefined while it is not known where to
   * @param settled told whether it arrived, once that is decided; not at all after `close`
   */
  async function post(
    make: () => Post | undefined,
    options: { settled: (arrived: boolean) => void },
    tries = 0,
  ): Promise<void> {
    const request = make();
    const status = request ? await once(request) : 0;
    if (stop.signal.aborted) return;
    const arrived = status > 0 && status < 500;
    const waitMs = retryDelaysMs[tries];
    if (arrived || waitMs === undefined) options.settled(arrived);
    else later(waitMs, () => post(make, options, tries + 1));
  }

  /** @returns the status that was answered, 0 for none */
  async function once({ url, body, headers }: Post): Promise<number> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        body,
        headers,
        redirect: 'manual',
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(answerTimeoutMs)]),
      });
      await answer.body?.cancel();
      return answer.status;
    } catch {
      return 0;
    }
  }

  return {
    later,
    post,
    once,
    close(): void {
      stop.abort();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
