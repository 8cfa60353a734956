const validityHours = [10, 4, 1];

/** The largest of 1, 4 and 10 hours that ends in time; under an hour, what is left. */
export function validitySeconds(untilNotAfterMs: number): number {
  const leftS = Math.floor(untilNotAfterMs / 1_000);
  const hours = validityHours.find((candidate) => candidate * 3_600 <= leftS);
  return hours === undefined ? leftS : hours * 3_600;
}
