/** Prints rows under headings, in columns that line up; nothing but the headings for no rows. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  );
  for (const row of all) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** A moment to the minute, in UTC, or what stands for none. */
export function minuteText(at: Date | null, none: string): string {
  return at === null ? none : `${at.toISOString().slice(0, 16).replace('T', ' ')}Z`;
}
