/** How many of these moments lie within one second, wherever it begins. */
export function mostInAnySecond(momentsMs: readonly number[]): number {
  const sorted = momentsMs.toSorted((one, other) => one - other);
  let first = 0;
  let most = 0;
  for (const [place, momentMs] of sorted.entries()) {
    while ((sorted[first] ?? momentMs) <= momentMs - 1_000) first += 1;
    most = Math.max(most, place - first + 1);
  }
  return most;
}
