import { readClockMs } from '../store/doctor-reads.ts';
import type { DatabaseView } from './database-view.ts';
import { type Check, type Finding, fine, problem, warning } from './finding.ts';

const warnMs = 2_000;
const problemMs = 30_000;

/** PostgreSQL's clock against this machine's. */
export async function checkDatabaseClock(
  { database }: DatabaseView,
  { nowMs }: { nowMs: () => number },
): Promise<Finding> {
  const beforeMs = nowMs();
  const thereMs = await readClockMs(database);
  // The server looked at its clock somewhere in between.
  const hereMs = (beforeMs + nowMs()) / 2;
  return clockFinding('database_clock', { hereMs, thereMs, whose: 'PostgreSQL' });
}

/**
 * What a difference of clocks means.
 *
 * @param input.coarseMs how far off the other clock may look by the way it is told
 */
export function clockFinding(
  check: Check,
  input: { hereMs: number; thereMs: number; whose: string; coarseMs?: number },
): Finding {
  const { hereMs, thereMs, whose, coarseMs = 0 } = input;
  const offMs = Math.max(0, Math.abs(thereMs - hereMs) - coarseMs);
  if (offMs <= warnMs) return fine(check, `The clocks of ${whose} and of this machine agree.`);
  const ill = {
    text: `The clock of ${whose} is ${spanOf(offMs)} ${thereMs > hereMs ? 'ahead of' : 'behind'} this machine's.`,
    mend: 'Let both follow a time server (chrony, systemd-timesyncd); see first which of them is wrong.',
  };
  return offMs > problemMs ? problem(check, ill) : warning(check, ill);
}

function spanOf(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
