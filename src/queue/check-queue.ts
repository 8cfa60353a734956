import { Cluster } from 'ioredis';
import type { Secret } from '../domain/secret.ts';
import { answerMs, createRedisClient, type RedisClient, redisPrefix } from './redis-client.ts';
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

/** What a server that answers says of itself. */
export interface RedisFacts {
  /** Redis' own number, or Valkey's; undefined when it is not told. */
  readonly version: string | undefined;
  /** It could not write its disk, and may refuse to be written to until it can. */
  readonly diskFails: boolean;
  /** How full it is, from 0 to 1; undefined where it has no limit. */
  readonly memoryShare: number | undefined;
}

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
  const { problems } = await inspectRedis(url);
  if (problems.length > 0) throw new UnfitQueueError(problems);
}

/**
 * What stands against Redis or Valkey as the queue, and what else is to be known of it.
 *
 * @returns no facts where it refuses to tell
 * @throws any error when it is away
 */
export async function inspectRedis(
  url: Secret<string>,
): Promise<{ problems: QueueProblem[]; facts?: RedisFacts }> {
  const ended = new AbortController();
  const client = createRedisClient(url, { hears: false, until: ended.signal });
  // Why a connection failed is said here; who waits for it is told only that it did.
  let reason: Error | undefined;
  client.on('error', (error: Error) => {
    reason ??= error;
  });
  try {
    await inTime(client.connect());
    const infos = await Promise.all(serversOf(client).map(async (server) => server.info()));
    const all = infos.map(parseInfo);
    const problems = [...new Set(all.flatMap(findProblems))];
    // One server alone is fine as long as it has the one slot that all of the queue lies in.
    if (problems.length === 0) await client.exists(`${redisPrefix}:bells:meta`);
    return { problems, facts: inOne(all.map(factsOf)) };
  } catch (error) {
    const cause = reason ?? (error as Error);
    const [, problem] = refusals.find(([answer]) => answer.test(cause.message)) ?? [];
    if (problem) return { problems: [problem] };
    throw cause;
  } finally {
    ended.abort();
  }
}

/** All that may come to hold the queue. */
function serversOf(client: RedisClient) {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

/** Sentinels that know of no primary would be asked again and again. */
async function inTime(connected: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Command timed out')), answerMs + 500);
  });
  await Promise.race([connected, late]).finally(() => clearTimeout(timer));
}

/** Of several servers the worst. */
function inOne(all: readonly RedisFacts[]): RedisFacts {
  const shares = all.map(({ memoryShare }) => memoryShare).filter((share) => share !== undefined);
  return {
    version: all[0]?.version,
    diskFails: all.some(({ diskFails }) => diskFails),
    memoryShare: shares.length > 0 ? Math.max(...shares) : undefined,
  };
}

/** @param text what INFO answers, which services that refuse CONFIG answer too */
function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\r\n').map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name, value.join(':')] as const;
    }),
  );
}

function findProblems(info: ReadonlyMap<string, string>): QueueProblem[] {
  const policy = info.get('maxmemory_policy');
  return [
    ...(isTooOld(info) ? (['redis_too_old'] as const) : []),
    ...(policy && policy !== 'noeviction' ? (['redis_evicts'] as const) : []),
  ];
}

function factsOf(info: ReadonlyMap<string, string>): RedisFacts {
  const version = info.get('valkey_version') ?? info.get('redis_version');
  const [used, most] = [Number(info.get('used_memory')), Number(info.get('maxmemory'))];
  return {
    version: version && /^[\d.]{1,20}$/.test(version) ? version : undefined,
    diskFails: ['rdb_last_bgsave_status', 'aof_last_write_status'].some(
      (name) => info.get(name) === 'err',
    ),
    memoryShare: most > 0 && used >= 0 ? used / most : undefined,
  };
}

function isTooOld(facts: ReadonlyMap<string, string>): boolean {
  // Valkey names, beside its own version, the Redis that it is compatible with.
  if (facts.has('valkey_version')) return false;
  const [major = 0, minor = 0] = (facts.get('redis_version') ?? '').split('.').map(Number);
  return major < oldestRedis[0] || (major === oldestRedis[0] && minor < oldestRedis[1]);
}
