import { type Lane, laneKey } from '../src/domain/lane.ts';
import { errorFacts, type Log } from '../src/telemetry/log.ts';

export interface Dispatcher {
  /**
   * Sends a batch when its lane has room, unless this process is at it already. Never rejects.
   *
   * @returns `left` when nothing was done because its lane is left to other processes
   */
  take(batchId: string): Promise<Taken>;
  /** Looks for batches that wait without a bell, and takes as many as there is room for. */
  lookAround(): Promise<void>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export type Taken = 'left' | 'over';

/** A batch that nobody has begun to send. */
export interface WaitingBatch {
  readonly batchId: string;
  readonly lane: Lane;
}

/**
 * Keeps what one process sends at once within bounds, lane by lane, so that one that is slow or
 * flooded leaves the others their room; and makes it independent of the queue: a batch that has
 * waited a few seconds is taken without a bell.
 */
export function createDispatcher(deps: {
  /** Batches that have waited without a bell, at most so many of each lane. */
  findWaiting: (countMax: number) => Promise<readonly WaitingBatch[]>;
  /** Tells other processes to leave these alone, and says which of them none has taken before. */
  claim: (batchIds: readonly string[]) => Promise<readonly string[]>;
  /** Tells them that this one is still at these. */
  keep: (batchIds: readonly string[]) => Promise<unknown>;
  /** Undefined: there is no such batch. */
  laneOf: (batchId: string) => Promise<Lane | undefined>;
  dispatch: (batchId: string) => Promise<void>;
  /** Whether this lane is left to other processes now: they can send what this one would only give back. */
  isLeft: (lane: Lane) => boolean;
  /** Batches of one lane at once. */
  concurrency: number;
  log: Log;
}): Dispatcher {
  const { log, concurrency, isLeft } = deps;
  const underWay = new Map<string, Promise<Taken>>();
  const gates = new Map<string, Gate>();

  function gateOf(lane: Lane): Gate {
    const key = laneKey(lane);
    const gate = gates.get(key) ?? createGate(concurrency);
    gates.set(key, gate);
    return gate;
  }

  function begin(batchId: string, lane: Lane | undefined): Promise<Taken> {
    const run = inItsLane(batchId, lane)
      .catch((error: unknown): Taken => {
        log.warn('a batch was left to its lease', { ...errorFacts(error), batchId });
        return 'over';
      })
      .finally(() => underWay.delete(batchId));
    underWay.set(batchId, run);
    return run;
  }

  async function inItsLane(batchId: string, known: Lane | undefined): Promise<Taken> {
    const lane = known ?? (await deps.laneOf(batchId));
    if (!lane) return 'over';
    if (isLeft(lane)) return 'left';
    return gateOf(lane).pass(async () => {
      // It may have waited for its place.
      if (isLeft(lane)) return 'left';
      await deps.dispatch(batchId);
      return 'over';
    });
  }

  return {
    take: (batchId) => underWay.get(batchId) ?? begin(batchId, undefined),
    async lookAround() {
      await deps.keep([...underWay.keys()]);
      const waiting = await deps.findWaiting(concurrency * 2);
      const rooms = new Map<Gate, number>();
      const wanted = waiting.filter(({ batchId, lane }) => {
        if (isLeft(lane)) return false;
        const gate = gateOf(lane);
        const room = rooms.get(gate) ?? gate.room();
        if (underWay.has(batchId) || room <= 0) return false;
        return rooms.set(gate, room - 1);
      });
      const claimed = new Set(await deps.claim(wanted.map(({ batchId }) => batchId)));
      let count = 0;
      for (const { batchId, lane } of wanted) {
        if (!claimed.has(batchId) || underWay.has(batchId)) continue;
        void begin(batchId, lane);
        count += 1;
      }
      if (count > 0) log.warn('batches waited without a bell', { count });
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
  };
}

interface Gate {
  /** How many more may pass at once. */
  room(): number;
  /** Runs work once there is room; first come, first served. */
  pass<T>(work: () => Promise<T>): Promise<T>;
}

function createGate(passingMax: number): Gate {
  const line: (() => void)[] = [];
  let passing = 0;
  return {
    room: () => passingMax - passing - line.length,
    async pass(work) {
      if (passing >= passingMax) await new Promise<void>((next) => line.push(next));
      else passing += 1;
      try {
        return await work();
      } finally {
        // Whoever is next takes over the place.
        const next = line.shift();
        if (next) next();
        else passing -= 1;
      }
    },
  };
}
