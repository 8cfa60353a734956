import { writeSync } from 'node:fs';
import { errorFacts } from './log.ts';

const fatalLevel = 60;
const framesMax = 5;

/**
 * Ends the process for an error that nobody caught with one line of its own, in the log's form.
 *
 * Left to itself the runtime prints such an error whole: its message, its causes and every property,
 * as PostgreSQL's `detail` with the values of a row. Said are its code and where it was thrown.
 */
export function sayLastWords(exitCode = 1): void {
  process.on('uncaughtException', (error: unknown) => {
    try {
      writeSync(process.stderr.fd, `${JSON.stringify(lastWords(error))}\n`);
    } catch {
      // Nobody listens any more.
    }
    process.exit(exitCode);
  });
}

function lastWords(error: unknown) {
  const line = { level: fatalLevel, time: Date.now() };
  const msg = 'the process ended of an error that nobody caught';
  try {
    return { ...line, ...errorFacts(error), at: framesOf(error), msg };
  } catch {
    return { ...line, code: 'unknown', msg };
  }
}

/** Places in our own code, without the message that a stack begins with. */
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return [];
  const { stack, message } = error;
  const messageAt = stack.indexOf(message);
  if (messageAt < 0) return [];
  return stack
    .slice(messageAt + message.length)
    .split('\n')
    .flatMap(
      (line) => /\/((?:src|workers|config)\/[a-z0-9/-]+\.ts:\d+:\d+)\)?$/.exec(line)?.[1] ?? [],
    )
    .slice(0, framesMax);
}
