import { errorFacts, type LogFacts } from '../telemetry/log.ts';

const connectionsHeld = 'connections_held';

/** What libraries say in a sentence alone. */
const sentences: readonly (readonly [beginning: string, code: string])[] = [
  ['Command timed out', 'timeout'],
  ['Socket timeout', 'timeout'],
  ['Connection is closed', 'closed'],
  ["Stream isn't writeable", 'closed'],
  // The pool's, when those that it has are all waiting for an answer.
  ['timeout exceeded when trying to connect', connectionsHeld],
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

/**
 * Whether it says no more than that each connection of ours still waits for an answer. This is no word
 * of the queue: on connections that have died silently none will ever come.
 */
export function isConnectionsHeld(error: unknown): boolean {
  return queueErrorFacts(error).code === connectionsHeld;
}
