import { errorFacts, type Log } from '../src/telemetry/log.ts';

/** Something a process does again and again. It must be safe to run twice at once. */
export interface Duty {
  readonly name: string;
  readonly everyMs: number;
  /** Called with what ends when the process is to end. */
  run(stopping: AbortSignal): Promise<unknown>;
}

export interface RunningDuties {
  /** Starts no more of them and waits for those that run. */
  close(): Promise<void>;
}

const heartbeatMs = 5_000;

/**
 * Runs each duty at once and then at its interval, counted from start to start; one that takes
 * longer begins again when it is done. An error is logged by its code and the next round tries
 * again. A heartbeat is written after rounds that went well, so that a silent duty is noticed.
 */
export function startDuties(
  duties: readonly Duty[],
  deps: { log: Log; beat: (duty: string) => Promise<void> },
): RunningDuties {
  const stopping = new AbortController();
  const loops = duties.map((duty) => repeat(duty, stopping.signal, deps));
  return {
    async close() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

async function repeat(
  duty: Duty,
  stopping: AbortSignal,
  { log, beat }: { log: Log; beat: (duty: string) => Promise<void> },
): Promise<void> {
  let beatAt = -heartbeatMs;
  while (!stopping.aborted) {
    const startedAt = performance.now();
    try {
      await duty.run(stopping);
      if (startedAt - beatAt >= heartbeatMs) {
        await beat(duty.name);
        beatAt = startedAt;
      }
    } catch (error) {
      log.warn('a duty failed', { ...errorFacts(error), duty: duty.name });
    }
    await rest(duty.everyMs - (performance.now() - startedAt), stopping);
  }
}

function rest(ms: number, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopping.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms));
    stopping.addEventListener('abort', done);
  });
}
