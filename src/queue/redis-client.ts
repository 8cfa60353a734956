import { Redis } from 'ioredis';
import type { Secret } from '../domain/secret.ts';

/** What stands in braces decides where in a cluster a key lies: all of the queue in one slot. */
export const redisPrefix = '{sotto}';
/** How long a worker blocks on the server before it asks again. */
export const listenSeconds = 2;
const answerMs = 3_000;
const hearingAnswerMs = listenSeconds * 1_000 + answerMs;
const longestPauseMs = 5_000;

/**
 * A connection to Redis or Valkey that notices when nothing answers any more, also where the other
 * end has gone without a word, and connects again by itself.
 *
 * What cannot be said at once fails at once: nothing is kept for later and nothing is said twice, so
 * that no memory piles up while the server is away and no reader waits for an answer to a question
 * that went down with another connection.
 *
 * @param hears blocks on the server for seconds, as a worker does that waits for a bell
 * @param until ends it for good: whoever was just about to connect it again does so in vain
 */
export function createRedisClient(
  url: Secret<string>,
  { hears, until }: { hears: boolean; until: AbortSignal },
): Redis {
  const client = new Redis(url.reveal(), {
    protocol: 2,
    connectionName: 'sotto-queue',
    disableClientInfo: true,
    lazyConnect: true,
    connectTimeout: answerMs,
    commandTimeout: hears ? hearingAnswerMs : answerMs,
    socketTimeout: hears ? hearingAnswerMs : answerMs,
    disconnectTimeout: 500,
    keepAlive: 10_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => (until.aborted ? null : Math.min(50 * 2 ** times, longestPauseMs)),
    // A primary that has become a replica: the name may lead to another one now.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  // Whoever uses it listens too. Without a listener it would print the address when it is closed.
  client.on('error', () => {});
  until.addEventListener('abort', () => client.disconnect());
  client.on('connect', () => {
    if (until.aborted) client.disconnect();
  });
  return client;
}
