import { type Config, ConfigError } from '../../config/env.ts';
import type { Secret } from '../domain/secret.ts';
import { checkQueue, type QueueProblem, UnfitQueueError } from '../queue/check-queue.ts';
import { queueErrorFacts } from '../queue/queue-error.ts';
import { isRedisUrl } from '../queue/redis-url.ts';
import { canWake } from '../store/can-wake.ts';
import type { Log } from '../telemetry/log.ts';

const lines: Record<QueueProblem, string> = {
  redis_too_old: 'REDIS_URL: is older than Redis 6.2; upgrade it, or use Valkey',
  redis_evicts:
    'REDIS_URL: may drop what it holds; set its maxmemory-policy to noeviction, that of replicas too',
  redis_refuses_user: 'REDIS_URL: refuses this user or password, or what the queue needs of it',
  redis_cluster:
    'REDIS_URL: is one of several in a cluster; write it redis+cluster://HOST:PORT,…, or name a server that has all slots',
};

const deaf =
  'DATABASE_DIRECT_URL: must lead past the pooler, through which no bell is heard; or set REDIS_URL';

/**
 * Where bells travel: Redis or Valkey if there is one, else PostgreSQL.
 *
 * A queue that is away is no reason to stay away: reminders are sent without it, some seconds later.
 *
 * @throws {ConfigError} for a queue that answers and cannot be used
 */
export async function checkedQueueUrl(config: Config, log: Log): Promise<Secret<string>> {
  const url = config.REDIS_URL ?? config.DATABASE_DIRECT_URL ?? config.DATABASE_URL;
  if (!url) throw new ConfigError(['DATABASE_URL: required by this role']);
  try {
    await checkQueue(url, { withReplicas: true });
    if (!isRedisUrl(url) && !(await wakes(url))) throw new ConfigError([deaf]);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof UnfitQueueError) {
      throw new ConfigError(error.problems.map((problem) => lines[problem]));
    }
    log.warn('the queue is away', queueErrorFacts(error));
  }
  return url;
}

/** Of a database that is away, whoever opens it tells. */
function wakes(url: Secret<string>): Promise<boolean> {
  return canWake(url).catch(() => true);
}
