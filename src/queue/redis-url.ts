import type { Secret } from '../domain/secret.ts';

export function isRedisUrl(url: Secret<string>): boolean {
  return /^rediss?:\/\//.test(url.reveal());
}
