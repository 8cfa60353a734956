import { bulkhead } from 'cockatiel';
import type { Database } from '../src/store/database.ts';

/** So that however many strangers' servers are spoken to, connections are left for feeding. */
const connectionsAtOnce = 2;

export function withFewConnections(database: Database): Pick<Database, 'query' | 'transaction'> {
  const gate = bulkhead(connectionsAtOnce, Number.POSITIVE_INFINITY);
  return {
    transaction: (...given) => gate.execute(() => database.transaction(...given)),
    query: (...given) => gate.execute(() => database.query(...given)),
  };
}
