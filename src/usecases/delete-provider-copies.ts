import { limits } from '../../config/limits.ts';
import type { Database } from '../store/database.ts';
import {
  countOverdueCopies,
  markCopiesGone,
  type OwedCopy,
  setAsideWithoutCopy,
  takeOwedCopies,
} from '../store/provider-copies.ts';
import type { ProviderCopies } from '../transport/transport.ts';
import type { TellAlarm } from './raise-alarms.ts';
import type { Route } from './routes.ts';

export interface DeleteCopiesDeps {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly onAlarm: TellAlarm;
  readonly stopping?: AbortSignal;
}

const atOnce = 10;
const roundsMax = 40;
const firstWaitMs = 2 * limits.sendTimeoutMs;

/**
 * Deletes at the provider what it keeps of messages whose fate is known, or a day after they were
 * handed over: the number and the link stand there. Deleting twice does no harm, so whoever dies in
 * between leaves it to the next; what the provider refuses is tried again, ever more seldom.
 *
 * @returns how many are gone
 */
export async function deleteProviderCopies(deps: DeleteCopiesDeps, route: Route): Promise<number> {
  const { name: transport, copies } = route.transport;
  if (!copies) return 0;
  await deps.database.transaction([], (connection) =>
    setAsideWithoutCopy(connection, { transport }),
  );
  let total = 0;
  for (let round = 0; round < roundsMax && deps.stopping?.aborted !== true; round += 1) {
    const allowed = route.breaker.allows();
    const countMax = { all: atOnce, one: 1, none: 0 }[allowed];
    if (countMax === 0) break;
    const owed = await deps.database.transaction([], (connection) =>
      takeOwedCopies(connection, { transport, firstWaitMs, countMax }),
    );
    const { gone, answered } = await removeAll(copies, owed);
    if (gone.length > 0) {
      await deps.database.transaction([], (connection) => markCopiesGone(connection, gone));
    }
    total += gone.length;
    if (owed.length < atOnce || !answered) break;
  }
  return total;
}

/** Raises the alarm when something has been owed for long. */
export async function watchProviderCopies(
  deps: Pick<DeleteCopiesDeps, 'database' | 'onAlarm'>,
  { transport: { name: transport, copies } }: Route,
): Promise<number> {
  if (!copies) return 0;
  const overdueMs = limits.providerCopyOverdueMs;
  const count = await countOverdueCopies(deps.database, { transport, overdueMs });
  if (count > 0) deps.onAlarm({ code: 'provider_copies_overdue', count });
  return count;
}

async function removeAll(
  copies: ProviderCopies,
  owed: readonly OwedCopy[],
): Promise<{ gone: string[]; answered: boolean }> {
  const results = await Promise.all(
    owed.map(async ({ attemptId, providerId }) => ({
      attemptId,
      result: await copies.remove(providerId),
    })),
  );
  return {
    gone: results.filter(({ result }) => result === 'gone').map(({ attemptId }) => attemptId),
    answered: results.every(({ result }) => result !== 'unanswered'),
  };
}
