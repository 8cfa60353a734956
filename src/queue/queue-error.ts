import { errorFacts, type LogFacts } from '../telemetry/log.ts';

/**
 * What may be said of an error of the queue: like of any other, its codes. Redis begins what it
 * answers with one (`OOM`, `READONLY`, `NOAUTH`), and ioredis gives none to an answer that never came.
 */
export function queueErrorFacts(error: unknown): LogFacts {
  if (!(error instanceof Error)) return errorFacts(error);
  if (error.message === 'Command timed out') return { code: 'timeout' };
  const [, code] = /^([A-Z]{2,20}) /.exec(error.name === 'ReplyError' ? error.message : '') ?? [];
  return code ? { code } : errorFacts(error);
}
