import { errorFacts, type Log } from '../src/telemetry/log.ts';

/** Whoever gets a turn: an endpoint that is delivered to, a booking system that is asked. */
interface Claimed {
  readonly id: string;
  readonly organisationId: string;
}

export interface Turns {
  /** Gives turns to those that something is owed to, as many as there is room for, and waits for none. */
  lookAround(stopping: AbortSignal): Promise<void>;
  /** Resolves when no turn is under way. */
  idle(): Promise<void>;
}

/**
 * Has many strangers' servers spoken to at once, each in one turn at a time: a slow or dead one takes one
 * of the places, for seconds, and then waits behind those that have not had their turn.
 */
export function createTurns<One extends Claimed>(deps: {
  readonly atOnce: number;
  claim(countMax: number): Promise<readonly One[]>;
  take(input: { claimed: One; claimedAtMs: number; stopping: AbortSignal }): Promise<void>;
  nowMs(): number;
  log: Log;
}): Turns {
  const turns = new Set<Promise<void>>();

  function start(input: Parameters<typeof deps.take>[0]): void {
    // What went wrong is left to the lease, as if the process had died.
    const turn = deps.take(input).catch((error: unknown) => {
      const { id: endpointId, organisationId } = input.claimed;
      deps.log.warn('a turn was left to its lease', {
        ...errorFacts(error),
        endpointId,
        organisationId,
      });
    });
    turns.add(turn);
    void turn.then(() => turns.delete(turn));
  }

  return {
    async lookAround(stopping) {
      const room = deps.atOnce - turns.size;
      if (room <= 0 || stopping.aborted) return;
      const claimedAtMs = deps.nowMs();
      for (const claimed of await deps.claim(room)) start({ claimed, claimedAtMs, stopping });
    },
    async idle() {
      await Promise.all(turns);
    },
  };
}
