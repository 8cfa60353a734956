import { errorFacts, type LogFacts } from '../telemetry/log.ts';

/** What ioredis says in a sentence alone, and BullMQ knows by it. */
const sentences: readonly (readonly [beginning: string, code: string])[] = [
  ['Command timed out', 'timeout'],
  ['Socket timeout', 'timeout'],
  ['Connection is closed', 'closed'],
  ["Stream isn't writeable", 'closed'],
];

/**
 * What may be said of an error of the queue: like of any other, its codes. Redis begins what it
 * answers with one (`OOM`, `READONLY`, `WRONGPASS`).
 */
export function queueErrorFacts(error: unknown): LogFacts {
  if (!(error instanceof Error)) return errorFacts(error);
  const [, answered] =
    /^([A-Z]{2,20}) /.exec(error.name === 'ReplyError' ? error.message : '') ?? [];
  const [, known] = sentences.find(([beginning]) => error.message.startsWith(beginning)) ?? [];
  const code = answered ?? known;
  return code ? { code } : errorFacts(error);
}
