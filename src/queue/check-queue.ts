import { Cluster } from 'ioredis';
import type { Secret } from '../domain/secret.ts';
import {
  answerMs,
  createRedisClient,
  createServerClient,
  type RedisClient,
  redisPrefix,
} from './redis-client.ts';
import { isRedisUrl, redisAddressOf } from './redis-url.ts';

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
 * A server that evicts would take bells back one by one without an error; so would a replica, once it is
 * the primary. Persistence is not asked for, of neither: a queue that is lost costs seconds and nothing else.
 *
 * @param options.withReplicas false for who runs already: what a replica may do one day silences no queue
 *   that is sound now
 * @throws {UnfitQueueError} when it answers and cannot be; any other error means that it is away
 */
export async function checkQueue(
  url: Secret<string>,
  options: { withReplicas: boolean },
): Promise<void> {
  if (!isRedisUrl(url)) return;
  const { problems } = await inspectRedis(url, options);
  if (problems.length > 0) throw new UnfitQueueError(problems);
}

/**
 * What stands against Redis or Valkey as the queue, and what else is to be known of it. Replicas that may
 * take over are looked at too, if they answer.
 *
 * @returns no facts where it refuses to tell
 * @throws any error when it is away
 */
export async function inspectRedis(
  url: Secret<string>,
  { withReplicas } = { withReplicas: true },
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
    const infos = await Promise.all(primariesOf(client).map(async (server) => server.info()));
    const primaries = infos.map(parseInfo);
    const all = [...primaries, ...(withReplicas ? await infoOfReplicas(url, primaries) : [])];
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

/** All that may hold the queue now. */
function primariesOf(client: RedisClient) {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

type Info = ReadonlyMap<string, string>;

/** What those say of themselves that may hold it next. One that is away is not promoted either. */
async function infoOfReplicas(url: Secret<string>, primaries: readonly Info[]): Promise<Info[]> {
  const kind = redisAddressOf(url)?.kind;
  if (kind === 'single') return [];
  const answers = await Promise.allSettled(
    primaries.flatMap(replicasIn).map(async (place) => {
      const replica = createServerClient(url, place);
      try {
        await replica.connect();
        return parseInfo(await replica.info());
      } finally {
        replica.disconnect();
      }
    }),
  );
  const infos = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  // Sentinels never promote these; the servers of a cluster do not ask for it.
  return infos.filter((info) => kind !== 'sentinel' || info.get('slave_priority') !== '0');
}

/** Where a primary says that its replicas are: `slave0:ip=10.0.0.6,port=6379,state=online,…`. */
function replicasIn(primary: Info): { host: string; port: number }[] {
  return Array.from(primary).flatMap(([name, value]) => {
    const [, host, port] = /^ip=([^,]+),port=(\d+)/.exec(value) ?? [];
    return /^slave\d+$/.test(name) && host ? [{ host, port: Number(port) }] : [];
  });
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
function parseInfo(text: string): Info {
  return new Map(
    text.split('\r\n').map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name, value.join(':')] as const;
    }),
  );
}

function findProblems(info: Info): QueueProblem[] {
  const policy = info.get('maxmemory_policy');
  return [
    ...(isTooOld(info) ? (['redis_too_old'] as const) : []),
    ...(policy && policy !== 'noeviction' ? (['redis_evicts'] as const) : []),
  ];
}

function factsOf(info: Info): RedisFacts {
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

function isTooOld(facts: Info): boolean {
  // Valkey names, beside its own version, the Redis that it is compatible with.
  if (facts.has('valkey_version')) return false;
  const [major = 0, minor = 0] = (facts.get('redis_version') ?? '').split('.').map(Number);
  return major < oldestRedis[0] || (major === oldestRedis[0] && minor < oldestRedis[1]);
}
