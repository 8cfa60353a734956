import { inject } from 'vitest';
import { type RedisServer, startRedisProcess } from './redis-process.ts';

export type { RedisServer } from './redis-process.ts';

/** A Redis or Valkey of a test's own. */
export const startRedis = (settings: Record<string, string> = {}): Promise<RedisServer> =>
  startRedisProcess(inject('redisServer'), settings);
