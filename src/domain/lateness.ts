/** Bounds of the histogram of lateness, in seconds. Totals are kept by their order: never change it. */
export const latenessBoundsS = [
  0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
] as const;

/** A reminder that has been due for so long and was not handed over opens an incident. */
export const lateIncidentS = 600;
