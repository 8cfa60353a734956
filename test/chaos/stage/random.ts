/** Small, fast and the same for a seed: what is chosen must be repeatable. */
export interface Random {
  /** In [0, 1). */
  (): number;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
  anyOf<T>(choices: readonly T[]): T;
  shuffled<T>(list: readonly T[]): T[];
}

/** @param words what is played, so that each scenario has a sequence of its own, whatever ran before */
export function randomFrom(seed: number, words: string): Random {
  let state = seed >>> 0;
  for (const char of words) state = (Math.imul(state, 31) + char.charCodeAt(0)) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return Object.assign(next, {
    between: (least: number, most: number) => least + Math.floor(next() * (most - least + 1)),
    anyOf: <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T,
    shuffled<T>(list: readonly T[]): T[] {
      return list
        .map((value) => ({ value, at: next() }))
        .sort((one, other) => one.at - other.at)
        .map(({ value }) => value);
    },
  });
}
