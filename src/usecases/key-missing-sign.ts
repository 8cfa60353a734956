import packageFile from '../../package.json' with { type: 'json' };
import { keyMissingSign } from '../domain/duty-silence.ts';
import { AppError } from '../domain/errors.ts';
import type { Database } from '../store/database.ts';
import { writeHeartbeat } from '../store/heartbeats.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';

const againMs = 10_000;

/**
 * Leaves a sign for whoever watches for incidents each time that a key was missing, not more often than
 * every few seconds for one organisation. What was refused is refused all the same.
 *
 * @returns wraps what may be refused so
 */
export function createKeyMissingSign({
  database,
  log,
  nowMs,
}: {
  database: Pick<Database, 'query'>;
  log: Log;
  nowMs(): number;
}) {
  const toldAtMs = new Map<string, number>();

  function tell(instance: string): void {
    if (nowMs() - (toldAtMs.get(instance) ?? -againMs) < againMs) return;
    toldAtMs.set(instance, nowMs());
    const { version } = packageFile;
    writeHeartbeat(database, { name: keyMissingSign, instance, version }).catch((error: unknown) =>
      log.warn('a missing key could not be told of', errorFacts(error)),
    );
  }

  /** @param whose an organisation, or nobody's in particular */
  return async <T>(whose: string | undefined, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AppError && error.code === 'key_missing') tell(whose ?? 'callbacks');
      throw error;
    }
  };
}
