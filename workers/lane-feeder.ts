import { type Lane, laneKey } from '../src/domain/lane.ts';

/** Long enough for a lane that is well; short enough that the others are fed each second. */
const lanePatienceMs = 800;
const stuckMs = 15_000;

/**
 * Feeds all lanes at once, each in its own time: one whose feeding takes long, or fails, holds up no
 * other. A lane that is still at it when its next round comes has that round as soon as it is done.
 *
 * @returns a round, which rejects when a lane has failed or has been at it for too long, so that no
 *   lane is silent while others speak for it
 */
export function createLaneFeeder({
  lanes,
  feed,
  patienceMs = lanePatienceMs,
  clock = () => performance.now(),
}: {
  lanes: readonly Lane[];
  feed: (lane: Lane) => Promise<unknown>;
  patienceMs?: number;
  clock?: () => number;
}): () => Promise<void> {
  const underWay = new Map<string, { since: number; done: Promise<void>; again: boolean }>();
  const failures = new Map<string, unknown>();

  function begin(lane: Lane): void {
    const key = laneKey(lane);
    const current = underWay.get(key);
    if (current) {
      current.again = true;
      return;
    }
    const done = feed(lane)
      .then(
        () => void failures.delete(key),
        (error: unknown) => void failures.set(key, error),
      )
      .finally(() => {
        underWay.delete(key);
        if (started.again) begin(lane);
      });
    const started = { since: clock(), done, again: false };
    underWay.set(key, started);
  }

  return async () => {
    for (const lane of lanes) begin(lane);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([Promise.all(Array.from(underWay.values(), ({ done }) => done)), patience]);
    clearTimeout(timer);
    for (const error of failures.values()) throw error;
    for (const { since } of underWay.values()) {
      if (clock() - since > stuckMs) throw new LaneStuckError();
    }
  };
}

class LaneStuckError extends Error {
  readonly code = 'lane_stuck';
}
