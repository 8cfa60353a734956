import {
  type BackendFactory,
  createPostgresBackend,
  type IQueueBackend,
  type PostgresConnectionOptions,
} from 'bullmq';
import type { Secret } from '../domain/secret.ts';

/** The schema that BullMQ has for itself; nothing else of ours lies there. */
export const queueSchema = 'sotto_queue';
export const queueName = 'bells';

/** Where bells travel, for BullMQ's constructors. */
export interface QueueBackend {
  readonly connection: PostgresConnectionOptions;
  readonly createBackend: BackendFactory<IQueueBackend, PostgresConnectionOptions>;
}

/**
 * The backend of the queue. Bells carry no truth, so that any of them will do; this is the one
 * place that knows which.
 *
 * @param url a direct connection, past any pooler, because waking a worker needs LISTEN
 * @param connectionsMax connections beside the one that listens
 */
export function queueBackend({
  url,
  connectionsMax,
}: {
  url: Secret<string>;
  connectionsMax: number;
}): QueueBackend {
  return {
    connection: {
      connectionString: url.reveal(),
      schema: queueSchema,
      max: connectionsMax,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: 'sotto queue',
    },
    createBackend: createPostgresBackend,
  };
}
