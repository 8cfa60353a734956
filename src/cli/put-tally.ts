import type { LineFault } from './appointment-line.ts';
import type { DurableLines } from './durable-lines.ts';
import type { Progress } from './progress.ts';
import type { Line } from './read-lines.ts';

export interface PutCounts {
  readonly accepted: number;
  readonly refused: number;
  /** Done in an earlier run. */
  readonly skipped: number;
  /** What was not to be waited for: why, and from when on to try again. */
  readonly later?: { readonly reason: string; readonly retryAt: Date };
}

/** What became of the lines of a file so far, counted and shown. */
export function createTally({
  errors,
  progress,
  totalBytes,
}: {
  readonly errors: DurableLines;
  readonly progress: Progress;
  readonly totalBytes: number | undefined;
}) {
  const counts = { accepted: 0, refused: 0, skipped: 0 };
  const beganMs = performance.now();
  let endByte = 0;
  return {
    counts: (): PutCounts => ({ ...counts }),
    accepted() {
      counts.accepted += 1;
    },
    skipped() {
      counts.skipped += 1;
    },
    async refused({ number }: Line, fault: LineFault) {
      counts.refused += 1;
      await errors.append(JSON.stringify({ line: number, ...fault }));
    },
    show(line: Line) {
      endByte = Math.max(endByte, line.endByte);
      const { accepted, refused, skipped } = counts;
      const perSecond = Math.round((accepted * 1_000) / (performance.now() - beganMs));
      progress.show({
        share: totalBytes ? Math.min(1, endByte / totalBytes) : undefined,
        text: `${accepted + skipped} done, ${refused} refused, ${perSecond}/s`,
      });
    },
  };
}
