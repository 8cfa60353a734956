import type { WebhookMeasures } from '../domain/webhook.ts';
import type { Connection } from './database.ts';
import { eventIsForReaders } from './event-reads.ts';

/** Of the organisations that the connection may see. */
export async function measureWebhooks(connection: Connection): Promise<WebhookMeasures> {
  const { rows } = await connection.query<WebhookMeasures>(
    `select coalesce(extract(epoch from clock_timestamp() - min(pending.created_at)), 0)::float8
         as "oldestPendingAgeS",
       count(*) filter (where e.disabled_reason <> 'by_request')::integer as "disabledCount"
     from webhook_endpoints e left join lateral (
       select created_at from events
       where e.disabled_at is null and events.organisation_id = e.organisation_id
         and events.mode = e.mode and (transaction_id, id) > (e.after_transaction, e.after_id)
         and ${eventIsForReaders}
       order by events.transaction_id, events.id limit 1) pending on true`,
  );
  return rows[0] ?? { oldestPendingAgeS: 0, disabledCount: 0 };
}
