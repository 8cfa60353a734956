import { setTimeout as sleep } from 'node:timers/promises';
import { type SourceLevel, sourceDelayMs, sourceLevelAt } from '../domain/factor.ts';

const sourcesMax = 10_000;

/** Slows sources that gave many wrong answers lately, whatever the appointments. */
export interface SourcePace {
  /** Waits as long as this source's recent wrong answers ask for. */
  wait(source: Buffer): Promise<void>;
  noteWrong(source: Buffer): void;
}

/**
 * Remembers wrong answers by source in this process's memory: the real limits are in the database,
 * this one only makes trying many links from one place slow.
 */
export function createSourcePace(nowMs: () => number = () => performance.now()): SourcePace {
  const sources = new Map<string, SourceLevel>();
  return {
    async wait(source) {
      const delayMs = sourceDelayMs(sourceLevelAt(sources.get(source.toString('hex')), nowMs()));
      if (delayMs > 0) await sleep(delayMs);
    },
    noteWrong(source) {
      const key = source.toString('hex');
      const level = sourceLevelAt(sources.get(key), nowMs()) + 1;
      sources.delete(key);
      sources.set(key, { level, atMs: nowMs() });
      // Insertion order is age: the source that was quiet for longest is forgotten first.
      const [oldest] = sources.size > sourcesMax ? sources.keys() : [];
      if (oldest !== undefined) sources.delete(oldest);
    },
  };
}
