import { type BackendFactory, createPostgresBackend, type IQueueBackend } from 'bullmq';
import { limits } from '../../config/limits.ts';
import type { Secret } from '../domain/secret.ts';
import { createRedisBackend } from './redis-backend.ts';
import { listenSeconds } from './redis-client.ts';
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
  /** How long a worker waits for a bell before it asks anew, in seconds. */
  readonly drainDelay: number;
}

/**
 * The backend of the queue. Bells carry no truth, so that any of them will do; this is the one
 * place that knows which.
 *
 * @param url of Redis or Valkey, as `REDIS_URL` may be, or a direct connection to PostgreSQL, past any
 *   pooler, because waking a worker needs LISTEN
 * @param connectionsMax connections to PostgreSQL beside the one that listens
 * @param onAnswer called each time that the queue has answered a worker that asked for a bell
 * @param answerMs how long PostgreSQL may take to answer; for ever when absent, as Redis never may
 */
export function queueBackend({
  url,
  connectionsMax,
  answerMs,
  onAnswer,
}: {
  url: Secret<string>;
  connectionsMax: number;
  answerMs?: number;
  onAnswer?: () => void;
}): QueueBackend {
  const connection = {};
  const heard = (createBackend: CreateBackend) =>
    onAnswer ? answering(createBackend, onAnswer) : createBackend;
  if (isRedisUrl(url)) {
    const createBackend = heard(createRedisBackend(url));
    return { connection, createBackend, disposable: true, drainDelay: listenSeconds };
  }
  const createBackend = heard(postgresBackend(url, { connectionsMax, answerMs }));
  return { connection, createBackend, disposable: false, drainDelay: 5 };
}

type CreateBackend = QueueBackend['createBackend'];

/** Tells of each answer to the question for the next job: it is what would have brought a bell. */
function answering(createBackend: CreateBackend, onAnswer: () => void): CreateBackend {
  return (...given) => {
    const backend = createBackend(...given);
    const ask = backend.moveToActive.bind(backend);
    backend.moveToActive = async (...question) => {
      const answer = await ask(...question);
      onAnswer();
      return answer;
    };
    return backend;
  };
}

function postgresBackend(
  url: Secret<string>,
  { connectionsMax, answerMs }: { connectionsMax: number; answerMs: number | undefined },
): QueueBackend['createBackend'] {
  const connection = {
    connectionString: url.reveal(),
    schema: queueSchema,
    max: connectionsMax,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    keepAlive: true,
    ...(answerMs === undefined ? {} : { query_timeout: answerMs, statement_timeout: answerMs }),
    application_name: 'sotto queue',
  };
  return (name, options, extra) => createPostgresBackend(name, { ...options, connection }, extra);
}
