import { limits } from '../../config/limits.ts';
import { utcDay } from '../domain/link-expiry.ts';
import {
  type JudgedAppointment,
  judgeAppointments,
  type LivingKeys,
  type SealedLink,
} from '../domain/sealed-report.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { AdminConnection } from '../store/administration.ts';
import { readSealedLinks, type SealedSpan } from '../store/sealed-links.ts';

export interface ReportSealedDeps {
  readonly administer: <T>(work: (connection: AdminConnection) => Promise<T>) => Promise<T>;
  readonly keys: Pick<KeyStore, 'listLivingDays' | 'listLivingMonths'>;
  readonly now: () => Temporal.Instant;
}

export interface SealedReport {
  /** As of when: the end of the span, or now where that is ahead. */
  readonly at: Temporal.Instant;
  readonly appointments: readonly JudgedAppointment[];
}

const firstId = '00000000-0000-0000-0000-000000000000';
const rowsMax = 5_000;

/**
 * Says of every appointment that had links in a span of time what somebody with the database and all
 * server keys, as they were at its end, could have opened.
 *
 * A key that is gone today counts as having been there until the last moment at which its duty destroys
 * it, so that a report about the past never says too little.
 *
 * @returns undefined where the key store here does not show which keys there are
 */
export async function reportSealed(
  deps: ReportSealedDeps,
  span: SealedSpan,
): Promise<SealedReport | undefined> {
  const now = deps.now();
  const at = Temporal.Instant.compare(span.until, now) < 0 ? span.until : now;
  const days = new Set(await deps.keys.listLivingDays());
  if (!days.has(utcDay(now))) return undefined;
  const links = await readAll(deps, span);
  const organisations = new Set(links.map(({ organisationId }) => organisationId));
  const months = new Map<string, Set<string>>();
  for (const id of organisations) months.set(id, new Set(await deps.keys.listLivingMonths(id)));
  const keys: LivingKeys = {
    at: new Date(at.epochMilliseconds),
    hasDay: (day) => days.has(day) || at.epochMilliseconds < dayKeyEndMs(day),
    hasMonth: (id, month) =>
      months.get(id)?.has(month) === true || at.epochMilliseconds < monthKeyEndMs(month),
  };
  // What was made after the moment in question was not there.
  const there = links.filter(({ createdAt }) => createdAt <= keys.at);
  return { at, appointments: judgeAppointments(there, keys) };
}

/** The duty runs each hour, on the day after the last that keeps the key. */
function dayKeyEndMs(day: string): number {
  const last = Temporal.PlainDate.from(day).add({ days: limits.epochKeyGraceDays + 1 });
  return last.toZonedDateTime('UTC').epochMilliseconds + 2 * 3_600_000;
}

/** A day after its month. */
function monthKeyEndMs(month: string): number {
  const next = Temporal.PlainYearMonth.from(month).add({ months: 1 }).toPlainDate({ day: 2 });
  return next.toZonedDateTime('UTC').epochMilliseconds + 3_600_000;
}

async function readAll(deps: ReportSealedDeps, span: SealedSpan): Promise<SealedLink[]> {
  const all: SealedLink[] = [];
  for (let after = firstId; ; ) {
    const page = await deps.administer((connection) =>
      readSealedLinks(connection, { ...span, after, countMax: rowsMax }),
    );
    all.push(...page);
    const last = page.at(-1);
    if (!last || page.length < rowsMax) return all;
    after = last.linkId;
  }
}
