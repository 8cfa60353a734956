import type { Gauge } from 'prom-client';
import { modes } from '../domain/channel.ts';
import { type DoubtMeasures, unaccountedDoubts } from '../domain/doubt-books.ts';

type MakeGauge = <Label extends string>(
  name: string,
  help: string,
  labels?: Label[],
) => Gauge<Label>;

/** What became of sends of unknown outcome, and what providers keep that they were to delete. */
export function addDoubts({ gauge }: { gauge: MakeGauge }, doubts: DoubtMeasures): void {
  const { books } = doubts;
  const outcomes = gauge(
    'uncertain_outcomes',
    'Sends of unknown outcome, by what became of them: made is the sum of all others.',
    ['outcome'],
  );
  for (const [outcome, count] of Object.entries(books)) outcomes.set({ outcome }, count);
  gauge('uncertain_unaccounted', 'Those that the books have lost: always 0.').set(
    unaccountedDoubts(books),
  );
  const late = gauge('uncertain_late', 'Those still in doubt with half of their time gone.', [
    'mode',
  ]);
  for (const mode of modes) {
    late.set({ mode }, doubts.late.find((one) => one.mode === mode)?.count ?? 0);
  }
  gauge('reminders_duplicated', 'Reminders of which a second copy is proven to have gone out.').set(
    doubts.duplicated,
  );
  gauge('provider_copies_kept', 'Messages that a provider was to delete and still keeps.').set(
    doubts.copiesKept,
  );
  gauge('provider_copy_oldest_age_seconds', 'How long the oldest of them has been owed.').set(
    doubts.oldestCopyAgeS,
  );
}
