import { errorFacts, type Log } from '../src/telemetry/log.ts';

/** Something a process does again and again. It must be safe to run twice at once. */
export interface Duty {
  readonly name: string;
  readonly everyMs: number;
  /** How long a round may take before the duty counts as hung: a minute when absent. */
  readonly roundMaxMs?: number;
  /** What it is heard of by, if not by its name; of several with one sign all must be well. */
  readonly sign?: string;
  /** Called with what ends when the process is to end. */
  run(stopping: AbortSignal): Promise<unknown>;
}

export interface RunningDuties {
  /** Starts no more of them and waits for those that run. */
  close(): Promise<void>;
}

interface DutyDeps {
  readonly log: Log;
  beat(sign: string): Promise<void>;
}

/** How a duty is: whether its last round went well, and since when one has been under way. */
interface DutyState {
  readonly duty: Duty;
  isWell: boolean;
  startedAt: number | undefined;
}

const tickMs = 5_000;
const restingBeatMs = 15_000;
const retryMs = 30_000;
const roundMaxDefaultMs = 60_000;

/**
 * Runs each duty at once and then at its interval, counted from start to start; one that takes
 * longer begins again when it is done. An error is logged by its code and the next round tries
 * again, within half a minute.
 *
 * A duty is heard of every few seconds while it is well, however long it rests between its rounds: so
 * one that has stopped is missed within a minute or two, be its interval a second or a day.
 */
export function startDuties(duties: readonly Duty[], deps: DutyDeps): RunningDuties {
  const stopping = new AbortController();
  const states = duties.map((duty) => ({ duty, isWell: false, startedAt: undefined }));
  const pulse = createPulse(states, deps);
  const loops = states.map((state) => repeat(state, stopping.signal, { ...deps, pulse }));
  return {
    async close() {
      pulse.stop();
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

type Pulse = ReturnType<typeof createPulse>;

function createPulse(states: readonly DutyState[], { log, beat }: DutyDeps) {
  const bySign = Map.groupBy(states, ({ duty }) => signOf(duty));
  const beatAt = new Map<string, number>();
  const underWay = new Set<string>();

  async function beatOnce(sign: string): Promise<void> {
    const members = bySign.get(sign) ?? [];
    if (underWay.has(sign) || !members.every(isAlive)) return;
    const everyMs = members.some(({ duty }) => duty.everyMs <= tickMs) ? tickMs : restingBeatMs;
    const startedAt = performance.now();
    // A tick that comes a little early counts, else a whole one would be left out.
    if (startedAt - (beatAt.get(sign) ?? -everyMs) < everyMs - tickMs / 10) return;
    underWay.add(sign);
    try {
      await beat(sign);
      beatAt.set(sign, startedAt);
    } finally {
      underWay.delete(sign);
    }
  }

  const timer = setInterval(() => {
    for (const sign of bySign.keys()) {
      beatOnce(sign).catch((error: unknown) =>
        log.warn('a duty could not be heard of', { ...errorFacts(error), duty: sign }),
      );
    }
  }, tickMs).unref();
  return { beatOnce, stop: () => clearInterval(timer) };
}

const signOf = (duty: Duty) => duty.sign ?? duty.name;

function isAlive({ duty, isWell, startedAt }: DutyState): boolean {
  const roundMaxMs = duty.roundMaxMs ?? roundMaxDefaultMs;
  return isWell && (startedAt === undefined || performance.now() - startedAt < roundMaxMs);
}

async function repeat(
  state: DutyState,
  stopping: AbortSignal,
  { log, pulse }: { log: Log; pulse: Pulse },
): Promise<void> {
  const { duty } = state;
  while (!stopping.aborted) {
    const startedAt = performance.now();
    state.startedAt = startedAt;
    let everyMs = duty.everyMs;
    try {
      await duty.run(stopping);
      state.isWell = true;
      state.startedAt = undefined;
      await pulse.beatOnce(signOf(duty));
    } catch (error) {
      state.isWell = false;
      state.startedAt = undefined;
      everyMs = Math.min(everyMs, retryMs);
      log.warn('a duty failed', { ...errorFacts(error), duty: duty.name });
    }
    await rest(everyMs - (performance.now() - startedAt), stopping);
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
