import { once } from 'node:events';
import pg from 'pg';
import { limits } from '../../config/limits.ts';
import type { Secret } from '../domain/secret.ts';

const channel = 'sotto_pooler_check';
/** Longer than a busy server takes: who is not woken is refused. */
const heardMs = 5_000;

/**
 * Whether PostgreSQL can wake who listens on such a connection. Through a pooler that gives each
 * transaction another connection it cannot, and nothing would say so.
 *
 * @throws any error when the server is away
 */
export async function canWake(url: Secret<string>): Promise<boolean> {
  const [listening, telling] = [connectionTo(url), connectionTo(url)];
  try {
    await Promise.all([listening.connect(), telling.connect()]);
    await listening.query(`listen ${channel}`);
    const heard = once(listening, 'notification', { signal: AbortSignal.timeout(heardMs) }).then(
      () => true,
      () => false,
    );
    await telling.query(`notify ${channel}`);
    return await heard;
  } finally {
    for (const each of [listening, telling]) void each.end().catch(() => {});
  }
}

function connectionTo(url: Secret<string>): pg.Client {
  const client = new pg.Client({
    connectionString: url.reveal(),
    application_name: 'sotto pooler check',
    connectionTimeoutMillis: limits.connectTimeoutMs,
    query_timeout: 5_000,
  });
  client.on('error', () => {});
  return client;
}
