import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../src/supervisor/start-error.ts';

/** A clock of the processes that are started with these variables, which can be turned while they run. */
export interface TurnedClock {
  readonly env: Readonly<Record<string, string>>;
  /** For programs without threads, whose signal handlers may ask for the time. */
  readonly envOfOneThread: Readonly<Record<string, string>>;
  now(): Temporal.Instant;
  /** Within a second they all see it. Their stopwatches go on as before. */
  turnTo(instant: Temporal.Instant): void;
}

/** @throws {StartError} where libfaketime, which Debian has a package of, is not installed */
export function createTurnedClock(folder: string): TurnedClock {
  const file = join(folder, 'clock');
  // Whatever today is, no month ends between what is put and the end of its links, near or far.
  const today = Temporal.Now.zonedDateTimeISO('UTC');
  const begin = today.add({ months: 1 }).with({ day: 5 });
  let aheadS = Math.round(begin.since(today).total('seconds'));
  const turn = () => writeFileSync(file, `+${aheadS}\n`, { mode: 0o644 });
  turn();
  const envWith = (library: string) => ({
    LD_PRELOAD: findLibrary(library),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
  const now = () => Temporal.Now.instant().add({ seconds: aheadS });
  return {
    env: envWith('libfaketimeMT.so.1'),
    // The other takes a lock to tell the time, and would wait for itself.
    envOfOneThread: envWith('libfaketime.so.1'),
    now,
    turnTo(instant) {
      aheadS += Math.round(instant.since(now()).total('seconds'));
      turn();
    },
  };
}

function findLibrary(name: string): string {
  for (const folder of readdirSync('/usr/lib').map((under) => `/usr/lib/${under}/faketime`)) {
    const library = join(folder, name);
    if (existsSync(library)) return library;
  }
  throw new StartError('libfaketime is missing: apt-get install libfaketime');
}
