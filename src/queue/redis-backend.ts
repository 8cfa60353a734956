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
 * Once closed they stay closed: a wait that was being recovered then would connect one again, and keep
 * the process from ending.
 */
export function createRedisBackend(
  url: Secret<string>,
): BackendFactory<IQueueBackend, Record<string, never>> {
  return (name, options, { withBlockingConnection = false } = {}) => {
    const keys = new QueueKeys(redisPrefix);
    const prefixed = { ...options, prefix: redisPrefix };
    const ended = new AbortController();
    const open = (hears: boolean) =>
      new RedisConnection(createRedisClient(url, { hears, until: ended.signal }), {
        shared: false,
        blocking: hears,
        skipVersionCheck: true,
      });
    const backend = new RedisQueueBackend(
      open(false),
      name,
      keys.getKeys(name),
      (type) => keys.toKey(name, type),
      prefixed,
      withBlockingConnection ? open(true) : undefined,
    );
    const close = backend.close.bind(backend);
    backend.close = (force) => close(force).finally(() => ended.abort());
    return backend;
  };
}
