import type { Secret } from '../domain/secret.ts';
import { createRedisClient, redisPrefix } from './redis-client.ts';
import { isRedisUrl } from './redis-url.ts';

/** What makes a server useless as the queue, for certain and until somebody changes it. */
export type QueueProblem =
  | 'redis_too_old'
  | 'redis_evicts'
  | 'redis_refuses_user'
  | 'redis_cluster';

export class UnfitQueueError extends Error {
  readonly problems: readonly QueueProblem[];
  /** The first of them, for the log. */
  readonly code: QueueProblem | undefined;
  constructor(problems: readonly QueueProblem[]) {
    super('the queue cannot be used');
    this.name = 'UnfitQueueError';
    this.problems = problems;
    this.code = problems[0];
  }
}

const oldestRedis = [6, 2] as const;
const refusals: readonly (readonly [answer: RegExp, problem: QueueProblem])[] = [
  [/^(NOAUTH|WRONGPASS|NOPERM)\b/, 'redis_refuses_user'],
  [/^MOVED\b/, 'redis_cluster'],
];

/**
 * Asks Redis or Valkey whether it can be the queue. PostgreSQL is checked by whoever opens it as the
 * database.
 *
 * A server that evicts would take bells back one by one without an error. Persistence is not asked
 * for: a queue that is lost costs seconds and nothing else.
 *
 * @throws {UnfitQueueError} when it answers and cannot be; any other error means that it is away
 */
export async function checkQueue(url: Secret<string>): Promise<void> {
  if (!isRedisUrl(url)) return;
  const ended = new AbortController();
  const client = createRedisClient(url, { hears: false, until: ended.signal });
  // Why a connection failed is said here; who waits for it is told only that it did.
  let reason: Error | undefined;
  client.on('error', (error: Error) => {
    reason ??= error;
  });
  try {
    await client.connect();
    const problems = findProblems(await client.info());
    if (problems.length > 0) throw new UnfitQueueError(problems);
    // A cluster is fine as long as this server has the one slot that all of it lies in.
    await client.exists(`${redisPrefix}:bells:meta`);
  } catch (error) {
    const cause = error instanceof UnfitQueueError ? error : (reason ?? (error as Error));
    const [, problem] = refusals.find(([answer]) => answer.test(cause.message)) ?? [];
    throw problem ? new UnfitQueueError([problem]) : cause;
  } finally {
    ended.abort();
  }
}

/** @param info what INFO answers, which services that refuse CONFIG answer too */
function findProblems(info: string): QueueProblem[] {
  const facts = new Map(
    info.split('\r\n').map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name, value.join(':')] as const;
    }),
  );
  const policy = facts.get('maxmemory_policy');
  return [
    ...(isTooOld(facts) ? (['redis_too_old'] as const) : []),
    ...(policy && policy !== 'noeviction' ? (['redis_evicts'] as const) : []),
  ];
}

function isTooOld(facts: ReadonlyMap<string, string>): boolean {
  // Valkey names, beside its own version, the Redis that it is compatible with.
  if (facts.has('valkey_version')) return false;
  const [major = 0, minor = 0] = (facts.get('redis_version') ?? '').split('.').map(Number);
  return major < oldestRedis[0] || (major === oldestRedis[0] && minor < oldestRedis[1]);
}
