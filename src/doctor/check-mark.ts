import { readHighWaterMark } from '../journal/high-water-mark.ts';
import { counted, type Finding, fine, problem, warning } from './finding.ts';

/** Of a mark that is written each minute. */
const oldMs = 5 * 60_000;

/**
 * The mark that a restored database is recognised by: it must be here, whole, and newer than a few minutes.
 *
 * @param isInUse whether anything has ever run on the database; undefined where that could not be seen
 */
export async function checkMark(input: {
  journal: string;
  nowMs: number;
  isInUse: boolean | undefined;
}): Promise<Finding> {
  const mark = await readHighWaterMark(input.journal).catch(() => 'torn' as const);
  if (mark === 'torn') {
    return problem('high_water_mark', {
      text: 'The high-water mark in JOURNAL cannot be read: a restored database would go unrecognised.',
      mend: 'Give scheduler the file, or remove it: the next is written within a minute.',
    });
  }
  if (!mark) {
    if (input.isInUse === false) return fine('high_water_mark', 'Nothing to mark yet.');
    return warning('high_water_mark', {
      text: 'There is no high-water mark in JOURNAL.',
      mend: 'Look once more where scheduler runs, which writes it; there, see its log.',
    });
  }
  const ageMs = input.nowMs - Date.parse(mark.at);
  if (ageMs > oldMs) {
    const age = counted(Math.floor(ageMs / 60_000), 'minute');
    return problem('high_water_mark', {
      text: `The high-water mark is ${age} old: what a restore loses since would go unrecognised.`,
      mend: 'Start scheduler, or see in its log why JOURNAL cannot be written.',
    });
  }
  return fine('high_water_mark', 'How far the database has got is marked outside of it.');
}
