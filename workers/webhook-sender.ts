import { limits } from '../config/limits.ts';
import type { ClaimedEndpoint } from '../src/store/webhook-deliveries.ts';
import { errorFacts, type Log } from '../src/telemetry/log.ts';

export interface WebhookSender {
  /** Gives turns to endpoints that something is owed to, as many as there is room for, and waits for none. */
  lookAround(stopping: AbortSignal): Promise<void>;
  /** Resolves when no turn is under way. */
  idle(): Promise<void>;
}

/**
 * Has many endpoints served at once, each by one turn at a time: a slow or dead one takes one of the
 * places, for seconds, and then waits behind those that have not had their turn.
 */
export function createWebhookSender(deps: {
  claim(countMax: number): Promise<readonly ClaimedEndpoint[]>;
  deliver(input: {
    endpoint: ClaimedEndpoint;
    claimedAtMs: number;
    stopping: AbortSignal;
  }): Promise<void>;
  nowMs(): number;
  log: Log;
}): WebhookSender {
  const turns = new Set<Promise<void>>();

  function start(input: Parameters<typeof deps.deliver>[0]): void {
    // What went wrong is left to the lease, as if the process had died.
    const turn = deps.deliver(input).catch((error: unknown) => {
      const { id: endpointId, organisationId } = input.endpoint;
      deps.log.warn('a webhook endpoint was left to its lease', {
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
      const room = limits.webhooksAtOnce - turns.size;
      if (room <= 0 || stopping.aborted) return;
      const claimedAtMs = deps.nowMs();
      for (const endpoint of await deps.claim(room)) start({ endpoint, claimedAtMs, stopping });
    },
    async idle() {
      await Promise.all(turns);
    },
  };
}
