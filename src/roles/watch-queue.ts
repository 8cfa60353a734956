import type { Config } from '../../config/env.ts';
import { AppError } from '../domain/errors.ts';
import type { WatchedQueue } from '../domain/queue-job.ts';
import type { Log } from '../telemetry/log.ts';

/**
 * The queue for operators, whose code is loaded and whose connection is opened when the first of them
 * looks: one who never does pays nothing, and whether it is there is nothing to start or stop for.
 */
export function watchQueue(config: Config, log: Log): WatchedQueue & { close(): Promise<void> } {
  const url = config.REDIS_URL ?? config.DATABASE_DIRECT_URL ?? config.DATABASE_URL;
  if (!url) throw new AppError('internal');
  let opened: Promise<WatchedQueue & { close(): Promise<void> }> | undefined;
  const open = () => {
    opened ??= import('../queue/watched-queue.ts').then((code) =>
      code.createWatchedQueue({ url, log }),
    );
    return opened;
  };
  return {
    count: async () => (await open()).count(),
    list: async (...input) => (await open()).list(...input),
    find: async (id) => (await open()).find(id),
    retry: async (id) => (await open()).retry(id),
    remove: async (id) => (await open()).remove(id),
    close: async () => (await opened)?.close(),
  };
}
