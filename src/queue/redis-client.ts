import assert from 'node:assert/strict';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from '../domain/redis-address.ts';
import type { Secret } from '../domain/secret.ts';
import { redisAddressOf } from './redis-url.ts';

/** What stands in braces decides where in a cluster a key lies: all of the queue in one slot. */
export const redisPrefix = '{sotto}';
/** How long a worker blocks on the server before it asks again. */
export const listenSeconds = 2;
/** How long a server may take to answer what it can answer at once. */
export const answerMs = 3_000;
const hearingAnswerMs = listenSeconds * 1_000 + answerMs;
const longestPauseMs = 5_000;

export type RedisClient = Redis | Cluster;

/**
 * A connection to Redis or Valkey that notices when nothing answers any more, also where the other
 * end has gone without a word, and connects again by itself: to whichever server is the primary by
 * then, where Sentinels or a cluster know.
 *
 * What cannot be said at once fails at once: nothing is kept for later and nothing is said twice, so
 * that no memory piles up while the server is away and no reader waits for an answer to a question
 * that went down with another connection. (A cluster that is just choosing another primary is asked
 * again for a second or two.)
 *
 * @param hears blocks on the server for seconds, as a worker does that waits for a bell
 * @param until ends it for good: whoever was just about to connect it again does so in vain
 */
export function createRedisClient(
  url: Secret<string>,
  { hears, until }: { hears: boolean; until: AbortSignal },
): RedisClient {
  const address = redisAddressOf(url);
  assert(address, 'only what is a way to Redis is connected to');
  const pause = (times: number) =>
    until.aborted ? null : Math.min(50 * 2 ** times, longestPauseMs);
  const client = connectTo(address, connectionOptions(hears), pause);
  // Whoever uses it listens too. Without a listener it would print the address when it is closed.
  client.on('error', () => {});
  until.addEventListener('abort', () => client.disconnect());
  client.on('connect', () => {
    if (until.aborted) client.disconnect();
  });
  return client;
}

/** A connection to one of several servers, signed in to as the others are. */
export function createServerClient(
  url: Secret<string>,
  { host, port }: { host: string; port: number },
): Redis {
  const address = redisAddressOf(url);
  assert(address && address.kind !== 'single', 'only one of several is named apart');
  const client = new Redis({
    ...{ ...connectionOptions(false), ...loginOf(address), host, port },
    ...{ lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => null },
  });
  client.on('error', () => {});
  return client;
}

function connectionOptions(hears: boolean) {
  return {
    protocol: 2,
    connectionName: 'sotto-queue',
    disableClientInfo: true,
    connectTimeout: answerMs,
    commandTimeout: hears ? hearingAnswerMs : answerMs,
    socketTimeout: hears ? hearingAnswerMs : answerMs,
    disconnectTimeout: 500,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  } as const satisfies RedisOptions;
}

function connectTo(
  address: RedisAddress,
  options: ReturnType<typeof connectionOptions>,
  pause: (times: number) => number | null,
): RedisClient {
  const alone = {
    ...options,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: pause,
    // A primary that has become a replica: the name may lead to another one now.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  };
  if (address.kind === 'single') return new Redis(address.url, alone);
  const { hosts, isEncrypted, sentinelPassword } = address;
  const login = loginOf(address);
  if (address.kind === 'cluster') {
    return new Cluster([...hosts], {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: pause,
      slotsRefreshTimeout: answerMs,
      slotsRefreshInterval: longestPauseMs,
      redisOptions: { ...options, ...login },
    });
  }
  return new Redis({
    ...{ ...alone, ...login },
    sentinels: [...hosts],
    name: address.name,
    sentinelCommandTimeout: answerMs,
    sentinelRetryStrategy: pause,
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(isEncrypted ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  });
}

function loginOf({
  username,
  password,
  isEncrypted,
}: Exclude<RedisAddress, { kind: 'single' }>): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isEncrypted ? { tls: {} } : {}),
  };
}
