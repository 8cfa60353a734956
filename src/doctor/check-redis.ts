import type { Secret } from '../domain/secret.ts';
import { inspectRedis, type QueueProblem, type RedisFacts } from '../queue/check-queue.ts';
import { queueErrorFacts } from '../queue/queue-error.ts';
import { type Check, type Finding, fine, problem, warning } from './finding.ts';

const memoryShareMax = 0.9;

const faults: Record<QueueProblem, { check: Check; text: string; mend: string }> = {
  redis_too_old: {
    check: 'redis_version',
    text: 'Redis is older than 6.2.',
    mend: 'Upgrade it, or use Valkey.',
  },
  redis_evicts: {
    check: 'redis_eviction',
    text: 'Redis, or a replica that may take over, may drop what it holds when its memory is full.',
    mend: 'config set maxmemory-policy noeviction on each server, and the same in its configuration file.',
  },
  redis_refuses_user: {
    check: 'redis_login',
    text: 'Redis refuses the user or password of REDIS_URL, or what the queue needs of it.',
    mend: 'Correct them, or give that user ~{sotto}* +@all -@dangerous +info in its ACL.',
  },
  redis_cluster: {
    check: 'redis_cluster',
    text: 'REDIS_URL names one of several servers in a cluster, which has not all slots.',
    mend: 'Name all of them, redis+cluster://HOST:PORT,…, or a server that stands alone.',
  },
};

/** The queue's own server, where there is one. */
export async function checkRedis(url: Secret<string> | undefined): Promise<Finding[]> {
  if (!url) return [fine('redis_reachable', 'REDIS_URL is unset: PostgreSQL carries the queue.')];
  try {
    const { problems, facts } = await inspectRedis(url);
    const found = problems.map((name) => {
      const { check, text, mend } = faults[name];
      return problem(check, { text, mend });
    });
    return [...found, ...(facts ? checkFacts(facts, problems) : [])];
  } catch (error) {
    return [
      problem('redis_reachable', {
        text: `Redis does not answer (${codeOf(error)}).`,
        mend: 'Start it, or correct REDIS_URL. Reminders go out without it, some seconds later each.',
      }),
    ];
  }
}

/** A connection that is not answered has no code, only the kind of its error. */
function codeOf(error: unknown): string {
  const { code = '' } = queueErrorFacts(error);
  return /^[A-Z_]+$/.test(code) ? code : 'no answer in time';
}

function checkFacts(facts: RedisFacts, problems: readonly QueueProblem[]): Finding[] {
  const found: Finding[] = [];
  if (!problems.includes('redis_too_old')) {
    found.push(
      fine('redis_version', `Redis or Valkey ${facts.version ?? ''}`.trim().concat(' answers.')),
    );
  }
  if (!problems.includes('redis_evicts')) {
    found.push(fine('redis_eviction', 'It drops nothing when its memory is full.'));
  }
  return [...found, diskFinding(facts), memoryFinding(facts)];
}

function diskFinding({ diskFails }: RedisFacts): Finding {
  if (diskFails) {
    return problem('redis_disk', {
      text: 'Redis could not write its disk, and may refuse the queue until it can.',
      mend: 'Give it room and rights in its folder, or turn its persistence off: the queue needs none.',
    });
  }
  return fine('redis_disk', 'No write to its disk has failed; the queue needs none.');
}

function memoryFinding({ memoryShare }: RedisFacts): Finding {
  if (memoryShare === undefined) return fine('redis_memory', 'Its memory has no limit of its own.');
  const percent = Math.round(memoryShare * 100);
  if (memoryShare < memoryShareMax) {
    return fine('redis_memory', `Its memory is ${percent} % full.`);
  }
  return warning('redis_memory', {
    text: `The memory of Redis is ${percent} % full: when it is full it takes no bell.`,
    mend: 'Raise maxmemory, or see what else lies there: the queue needs a few megabytes.',
  });
}
