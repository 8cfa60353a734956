import { type BackendFactory, createPostgresBackend, type IQueueBackend } from 'bullmq';
import type { Secret } from '../domain/secret.ts';
import { createRedisBackend } from './redis-backend.ts';
import { isRedisUrl } from './redis-url.ts';

/** The schema that BullMQ has for itself; nothing else of ours lies there. */
export const queueSchema = 'sotto_queue';
export const queueName = 'bells';

/** Where bells travel, for BullMQ's constructors. */
export interface QueueBackend {
  /** BullMQ asks for one; the factory knows its own. */
  readonly connection: Record<string, never>;
  readonly createBackend: BackendFactory<IQueueBackend, Record<string, never>>;
  /**
   * Whether its connections may be thrown away at any moment. Those to PostgreSQL may not: one that
   * listens could report to nobody that it was cut, which would end the process.
   */
  readonly disposable: boolean;
}

/**
 * The backend of the queue. Bells carry no truth, so that any of them will do; this is the one
 * place that knows which.
 *
 * @param url of Redis or Valkey (`redis:`, `rediss:`), or a direct connection to PostgreSQL, past any
 *   pooler, because waking a worker needs LISTEN
 * @param connectionsMax connections to PostgreSQL beside the one that listens
 */
export function queueBackend({
  url,
  connectionsMax,
}: {
  url: Secret<string>;
  connectionsMax: number;
}): QueueBackend {
  return isRedisUrl(url)
    ? { connection: {}, createBackend: createRedisBackend(url), disposable: true }
    : { connection: {}, createBackend: postgresBackend(url, connectionsMax), disposable: false };
}

function postgresBackend(
  url: Secret<string>,
  connectionsMax: number,
): QueueBackend['createBackend'] {
  const connection = {
    connectionString: url.reveal(),
    schema: queueSchema,
    max: connectionsMax,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: 'sotto queue',
  };
  return (name, options, extra) => createPostgresBackend(name, { ...options, connection }, extra);
}
