import { type RedisAddress, readRedisAddress } from '../domain/redis-address.ts';
import type { Secret } from '../domain/secret.ts';

export function isRedisUrl(url: Secret<string>): boolean {
  return redisAddressOf(url) !== undefined;
}

export function redisAddressOf(url: Secret<string>): RedisAddress | undefined {
  return readRedisAddress(url.reveal());
}
