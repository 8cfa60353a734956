import type { DeliveryOutcome } from '../domain/webhook.ts';
import type { Database } from './database.ts';
import { type LeaseOfAddress, lockTimeoutMs } from './webhook-deliveries.ts';

/**
 * Records what came of a test. After one that arrived, what waited for its next try goes at once. One that
 * went to an address from before is owed still.
 */
export async function recordTest(
  database: Pick<Database, 'transaction'>,
  {
    id,
    leaseId,
    url,
    testId,
    outcome,
  }: LeaseOfAddress & { testId: string; outcome: DeliveryOutcome },
): Promise<void> {
  const code = outcome.delivered ? 'delivered' : outcome.code;
  await database.transaction(
    [],
    async (connection) => {
      await connection.query(
        `update webhook_endpoints set test_ended_at = clock_timestamp(), test_code = $4::text,
           test_status = $5::integer, due_at = case when $4::text = 'delivered' then clock_timestamp() else due_at end
         where id = $1 and lease_id = $2 and test_id = $3 and url = $6`,
        [id, leaseId, testId, code, outcome.status ?? null, url.reveal()],
      );
    },
    { lockTimeoutMs },
  );
}
