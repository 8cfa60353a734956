import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { ChaosResult } from './run-chaos.ts';

/** What was played and kept; nothing when there is no such file yet. */
export function readResults(file: string): ChaosResult[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as ChaosResult);
}

/** Adds a line, so that a run which is stopped has kept all that it had finished. */
export function keepResult(file: string, result: ChaosResult): void {
  appendFileSync(file, `${JSON.stringify(result)}\n`);
}
