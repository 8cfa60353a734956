import { keptDaysMax } from '../../config/kept-days.ts';
import { AppError, type FieldError } from '../domain/errors.ts';
import type { Owner } from '../store/appointment-reads.ts';
import type { Database } from '../store/database.ts';
import { readLedgerHours } from '../store/ledger-reads.ts';

/** What a booking system can compare with its own books. */
export interface LedgerAnswer {
  readonly from: string;
  readonly to: string;
  /** Nothing is added to it any more. */
  readonly complete: boolean;
  readonly receipts: ReceiptsAnswer;
  /** Hours in which there was something, in their order. */
  readonly hours: readonly {
    readonly hour: string;
    readonly states: Readonly<Record<string, number>>;
    readonly receipts: ReceiptsAnswer;
  }[];
}

interface ReceiptsAnswer {
  readonly count: number;
  readonly digest: string;
}

const hourMs = 3_600_000;
const hoursMax = 168;
/** A PUT is answered sooner, or never. */
const completeAfterMs = 120_000;

/** SHA-256 of nothing. */
const noReceipts: ReceiptsAnswer = {
  count: 0,
  digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
};

/**
 * Steps into each state, hour by hour, and for each hour and the whole a digest over the ids of the
 * receipts that were issued in it.
 *
 * @throws {AppError} `invalid_request` for a span that is not of whole hours, 1 to 168 of them, within the
 *   days that receipts and events are kept
 */
export async function readLedger(
  {
    database,
    daysKept = keptDaysMax.events,
    now,
  }: { database: Database; daysKept?: number; now: () => Temporal.Instant },
  { from, to, ...owner }: Owner & { from: string; to: string },
): Promise<LedgerAnswer> {
  const nowMs = now().epochMilliseconds;
  const span = { from: instantOf('/from', from), until: instantOf('/to', to) };
  refuseSpan({
    daysKept,
    fromMs: span.from.epochMilliseconds,
    toMs: span.until.epochMilliseconds,
    nowMs,
  });
  const { steps, receipts } = await readLedgerHours(database, { ...owner, ...span });
  const digestOf = (atMs: number | undefined) => {
    const found = receipts.find(({ hour }) => hour?.getTime() === atMs);
    return found ? { count: found.count, digest: found.digest } : noReceipts;
  };
  const hours = new Set(
    [...steps, ...receipts].flatMap(({ hour }) => (hour ? [hour.getTime()] : [])),
  );
  return {
    from: span.from.toString(),
    to: span.until.toString(),
    complete: span.until.epochMilliseconds + completeAfterMs <= nowMs,
    receipts: digestOf(undefined),
    hours: [...hours]
      .sort((one, other) => one - other)
      .map((atMs) => ({
        hour: new Date(atMs).toISOString(),
        states: Object.fromEntries(
          steps
            .filter(({ hour }) => hour.getTime() === atMs)
            .map(({ state, count }) => [state, count]),
        ),
        receipts: digestOf(atMs),
      })),
  };
}

/** Not every time of RFC 3339 is one here: a second may have more digits than there are nanoseconds. */
function instantOf(pointer: string, text: string): Temporal.Instant {
  try {
    return Temporal.Instant.from(text);
  } catch (cause) {
    throw new AppError('invalid_request', { fields: [{ pointer, code: 'invalid_value' }], cause });
  }
}

function refuseSpan({
  daysKept,
  fromMs,
  toMs,
  nowMs,
}: {
  daysKept: number;
  fromMs: number;
  toMs: number;
  nowMs: number;
}): void {
  const isTooOld = fromMs < nowMs - daysKept * 24 * hourMs;
  const hours = (toMs - fromMs) / hourMs;
  const fields: FieldError[] = [];
  if (fromMs % hourMs !== 0 || isTooOld) fields.push({ pointer: '/from', code: 'invalid_value' });
  if (toMs % hourMs !== 0 || hours <= 0 || hours > hoursMax) {
    fields.push({ pointer: '/to', code: 'invalid_value' });
  }
  if (fields.length > 0) throw new AppError('invalid_request', { fields });
}
