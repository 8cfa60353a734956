import { randomUUID } from 'node:crypto';
import packageFile from '../../package.json' with { type: 'json' };
import { keyMissingSign, type RefusalReason, refusingSign } from '../domain/duty-silence.ts';
import { AppError } from '../domain/errors.ts';
import type { Database } from '../store/database.ts';
import { writeHeartbeat } from '../store/heartbeats.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';

const againMs = 10_000;

/**
 * Leaves a sign for whoever watches each time that something was refused which would have been taken at
 * another time, not more often than every few seconds for the same reason: that a key was missing, for
 * one organisation; that there was no room, or a channel behind, or a restore, for this process. What was
 * refused is refused all the same.
 *
 * @returns wraps what may be refused so
 */
export function createRefusalSigns({
  database,
  log,
  nowMs,
}: {
  database: Pick<Database, 'query'>;
  log: Log;
  nowMs(): number;
}) {
  const processId = randomUUID();
  const toldAtMs = new Map<string, number>();

  function tell(name: string, instance: string): void {
    const sign = `${name} ${instance}`;
    if (nowMs() - (toldAtMs.get(sign) ?? -againMs) < againMs) return;
    toldAtMs.set(sign, nowMs());
    const { version } = packageFile;
    writeHeartbeat(database, { name, instance, version }).catch((error: unknown) =>
      log.warn('a refusal could not be told of', errorFacts(error)),
    );
  }

  /** @param whose an organisation, or nobody's in particular */
  function tellOf(error: unknown, whose: string | undefined): void {
    if (!(error instanceof AppError)) return;
    const reason = reasonOf(error);
    if (error.code === 'key_missing') tell(keyMissingSign, whose ?? 'callbacks');
    else if (reason) tell(refusingSign(reason), processId);
  }

  return <T>(whose: string | undefined, work: () => T): T => {
    try {
      const done = work();
      // Told of beside what waits for it.
      if (done instanceof Promise) done.catch((error: unknown) => tellOf(error, whose));
      return done;
    } catch (error) {
      tellOf(error, whose);
      throw error;
    }
  };
}

function reasonOf({ code, fields }: AppError): RefusalReason | undefined {
  if (code === 'restoring') return 'restoring';
  if (code === 'overloaded') return fields.length === 0 ? 'full' : 'late';
  return undefined;
}
