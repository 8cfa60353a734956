import {
  type BackendFactory,
  type IQueueBackend,
  QueueKeys,
  RedisConnection,
  RedisQueueBackend,
} from 'bullmq';
import type { Secret } from '../domain/secret.ts';
import { createRedisClient, redisPrefix } from './redis-client.ts';

/**
 * BullMQ's own backend, over connections that are ours: BullMQ would open them with options under
 * which it can wait for ever, for a server that has gone or for a command that a reconnect has lost.
 */
export function createRedisBackend(
  url: Secret<string>,
): BackendFactory<IQueueBackend, Record<string, never>> {
  return (name, options, { withBlockingConnection = false } = {}) => {
    const keys = new QueueKeys(redisPrefix);
    const prefixed = { ...options, prefix: redisPrefix };
    const open = (hears: boolean) =>
      new RedisConnection(createRedisClient(url, { hears }), {
        shared: false,
        blocking: hears,
        skipVersionCheck: true,
      });
    return new RedisQueueBackend(
      open(false),
      name,
      keys.getKeys(name),
      (type) => keys.toKey(name, type),
      prefixed,
      withBlockingConnection ? open(true) : undefined,
    );
  };
}
