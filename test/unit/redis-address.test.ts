import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../config/env.ts';
import { readRedisAddress } from '../../src/domain/redis-address.ts';

const nobody = { username: undefined, password: undefined, sentinelPassword: undefined };

describe('the way to Redis', () => {
  it('may lead to one server, as ever', () => {
    for (const url of ['redis://localhost', 'rediss://user:word@10.0.0.7:6380/2']) {
      expect(readRedisAddress(url)).toEqual({ kind: 'single', url });
    }
  });

  it('may name Sentinels and what they call the primary', () => {
    expect(readRedisAddress('redis+sentinel://a.example:26380,[fd00::7],10.0.0.7/bells')).toEqual({
      ...{ kind: 'sentinel', name: 'bells', isEncrypted: false, ...nobody },
      hosts: [
        { host: 'a.example', port: 26_380 },
        { host: 'fd00::7', port: 26_379 },
        { host: '10.0.0.7', port: 26_379 },
      ],
    });
    expect(
      readRedisAddress('rediss+sentinel://sotto:p%40ss@one,two/bells?sentinel_password=a%2Fb'),
    ).toMatchObject({
      ...{ isEncrypted: true, username: 'sotto', password: 'p@ss', sentinelPassword: 'a/b' },
    });
    expect(readRedisAddress('redis+sentinel://:wo:rd@one/bells')).toMatchObject({
      ...{ username: undefined, password: 'wo:rd' },
    });
  });

  it('may name servers of a cluster', () => {
    expect(readRedisAddress('rediss+cluster://one:7000,two')).toEqual({
      ...{ kind: 'cluster', isEncrypted: true, ...nobody },
      hosts: [
        { host: 'one', port: 7_000 },
        { host: 'two', port: 6_379 },
      ],
    });
  });

  it.each([
    ...['', 'redis://', 'http://one', 'redis+sentinel://one', 'redis+sentinel://one/'],
    ...[
      'redis+sentinel:///bells',
      'redis+cluster://',
      'redis+cluster://one/bells',
      'redis+one://x',
    ],
    ...['redis+cluster://one:99999', 'redis+cluster://one,,two', 'redis+cluster://one two'],
    ...['redis+cluster://one?sentinel_password=x', 'redis+sentinel://%zz:x@one/bells'],
  ])('is not %j, and nothing of it is said', (given) => {
    expect(readRedisAddress(given)).toBeUndefined();
    if (given === '') return;
    const refused = () => loadConfig({ REDIS_URL: given.replace('one', 'planted') });
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(/^REDIS_URL: must be redis:/);
    expect(refused).not.toThrow(/planted/);
  });
});
