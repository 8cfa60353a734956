import { keepResult, readResults } from './results-file.ts';
import { type ChaosOptions, type ChaosResult, runChaos } from './run-chaos.ts';

/** What a run that is stopped has to play again at most. */
const partMax = 100;

/**
 * Plays every scenario as often as the plan says, in parts: each on a system of its own, settled and
 * judged before the next begins.
 *
 * @param options.file where figures are kept, a line a part; what it holds already is not played again
 * @returns the parts of this backend, those of the file first
 */
export async function playPlan(
  options: Omit<ChaosOptions, 'minutes' | 'roundsBefore'> & { readonly file?: string | undefined },
): Promise<ChaosResult[]> {
  const { backend, scenarios, file } = options;
  const names = scenarios.map(({ name }) => name);
  const kept = file === undefined ? [] : readResults(file);
  const results: ChaosResult[] = kept
    .filter((result) => result.backend === backend)
    .map((result) => ({
      ...result,
      outcomes: result.outcomes.filter(({ scenario }) => names.includes(scenario)),
    }))
    .filter(({ outcomes }) => outcomes.length > 0);
  for (const scenario of scenarios) {
    const { full } = scenario.rounds;
    let done = countRounds(results, scenario.name);
    while (done < full) {
      const count = Math.min(partMax, full - done);
      const part = { ...scenario, rounds: { full: count, least: count } };
      const scene = { ...options, scenarios: [part], minutes: undefined, roundsBefore: done };
      const result = await runChaos(scene);
      results.push(result);
      if (file !== undefined) keepResult(file, result);
      const played = countRounds([result], scenario.name);
      done += played;
      options.tell(`${backend}: ${scenario.name}: ${done} of ${full} rounds`);
      // A round that failed has told why; the next scenario may do better.
      if (played < count) break;
    }
  }
  return results;
}

function countRounds(results: readonly ChaosResult[], name: string): number {
  return results
    .flatMap(({ outcomes }) => outcomes)
    .filter(({ scenario }) => scenario === name)
    .reduce((total, { rounds }) => total + rounds, 0);
}
