import { AppError } from '../domain/errors.ts';
import { type Database, sqlState } from '../store/database.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import { type EndedAttempt, storeOutcomes } from './store-outcomes.ts';

export interface OutcomeRecorder {
  /**
   * Resolves once the outcome is stored, or set apart because it was refused even alone: then it is
   * tried until it is stored, and nobody need wait for it. It never rejects.
   */
  record(ended: EndedAttempt): Promise<void>;
  /** How many outcomes are known and not stored yet. */
  pending(): number;
  /** Resolves when none is. */
  idle(): Promise<void>;
}

const groupSizeMax = 400;
/**
 * One after the other, and two at once where so many wait: what comes during a commit shares the next,
 * for a transaction costs as much as some ten rows in it, and one that is held up holds up no more than that.
 */
const groupsAtOnce = 2;
const worthASecond = 64;
const firstPauseMs = 50;
const longestPauseMs = 5_000;

interface Waiting {
  readonly ended: EndedAttempt;
  readonly settled: () => void;
}

/**
 * Stores what became of attempts, many in one transaction.
 *
 * What a provider answered exists nowhere else yet, so an outcome stays in memory until it is
 * stored. After an error of a group each of its rows is tried alone, so that one bad row keeps back
 * nothing but itself.
 */
export function createOutcomeRecorder(deps: {
  database: Pick<Database, 'query' | 'transaction'>;
  log: Log;
  random?: () => number;
  sleep?: (ms: number) => Promise<void>;
}): OutcomeRecorder {
  const { database, log, random = Math.random, sleep = pause } = deps;
  const waiting: Waiting[] = [];
  let unstored = 0;
  let running = 0;
  let allStored = Promise.withResolvers<void>();

  async function store(group: readonly Waiting[]): Promise<'stored' | 'away' | 'refused'> {
    try {
      await storeOutcomes(
        { database, random },
        group.map(({ ended }) => ended),
      );
    } catch (error) {
      const facts = { ...errorFacts(error), count: group.length };
      log.warn('outcomes could not be stored yet', { ...facts, sqlState: sqlState(error) ?? '' });
      return error instanceof AppError && error.code === 'unavailable' ? 'away' : 'refused';
    }
    unstored -= group.length;
    for (const { settled } of group) settled();
    if (unstored === 0) allStored.resolve();
    return 'stored';
  }

  async function setApart(one: Waiting): Promise<void> {
    one.settled();
    for (let failures = 1; ; failures += 1) {
      await sleep(pauseMs(failures));
      if ((await store([one])) === 'stored') return;
    }
  }

  function isWanted(others: number): boolean {
    return waiting.length >= (others === 0 ? 1 : worthASecond);
  }

  async function run(): Promise<void> {
    running += 1;
    // What ends in the same turn goes into one transaction.
    await new Promise((resolve) => setImmediate(resolve));
    for (let failures = 0; isWanted(running - 1); ) {
      const group = waiting.splice(0, groupSizeMax);
      const result = await store(group);
      if (result === 'stored') {
        failures = 0;
      } else if (result === 'away') {
        waiting.unshift(...group);
        failures += 1;
        await sleep(pauseMs(failures));
      } else {
        for (const one of group) {
          if (group.length === 1 || (await store([one])) !== 'stored') void setApart(one);
        }
      }
    }
    // In the turn that found nothing for it: what came any later would wait for nobody.
    running -= 1;
  }

  return {
    record(ended) {
      return new Promise((settled) => {
        waiting.push({ ended, settled });
        if (unstored === 0) allStored = Promise.withResolvers();
        unstored += 1;
        if (running < groupsAtOnce && isWanted(running)) void run();
      });
    },
    pending: () => unstored,
    idle: async () => {
      while (unstored > 0) await allStored.promise;
    },
  };
}

function pauseMs(failures: number): number {
  return Math.min(firstPauseMs * 2 ** Math.min(failures, 20), longestPauseMs);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
