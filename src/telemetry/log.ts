import { type DestinationStream, destination, pino } from 'pino';

/**
 * The only fields a log line may hold: ids, enum codes, counts and durations. There is no field
 * for a text from outside, so an error's message, an address or a body has nowhere to go.
 */
export interface LogFacts {
  readonly code?: string;
  readonly reason?: string;
  readonly status?: number;
  readonly method?: string;
  readonly route?: string;
  readonly role?: string;
  readonly channel?: string;
  readonly mode?: string;
  readonly state?: string;
  readonly outcome?: string;
  readonly duty?: string;
  readonly organisationId?: string;
  readonly appointmentId?: string;
  readonly reminderId?: string;
  readonly attemptId?: string;
  readonly batchId?: string;
  readonly callbackId?: string;
  readonly credentialId?: string;
  readonly endpointId?: string;
  readonly incidentId?: string;
  readonly requestId?: string;
  readonly count?: number;
  readonly durationMs?: number;
  readonly port?: number;
  readonly sqlState?: string;
}

const allowed = new Set<string>([
  'code',
  'reason',
  'status',
  'method',
  'route',
  'role',
  'channel',
  'mode',
  'state',
  'outcome',
  'duty',
  'organisationId',
  'appointmentId',
  'reminderId',
  'attemptId',
  'batchId',
  'callbackId',
  'credentialId',
  'endpointId',
  'incidentId',
  'requestId',
  'count',
  'durationMs',
  'port',
  'sqlState',
] satisfies (keyof LogFacts)[]);

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Says that something happened: a fixed phrase, and facts in fields. */
export interface Log {
  debug(phrase: string, facts?: LogFacts): void;
  info(phrase: string, facts?: LogFacts): void;
  warn(phrase: string, facts?: LogFacts): void;
  error(phrase: string, facts?: LogFacts): void;
}

/** A log of JSON lines on standard output, or into `stream`. */
export function createLog(
  options: { role: string; level: LogLevel | 'silent' },
  stream: DestinationStream = destination({ fd: 1, sync: false, minLength: 0 }),
): Log {
  const logger = pino({ level: options.level, base: { role: options.role } }, stream);
  const at =
    (level: LogLevel) =>
    (phrase: string, facts: LogFacts = {}) =>
      logger[level](pick(facts), phrase);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** At run time too, for facts that were spread from a wider object. */
function pick(facts: LogFacts): LogFacts {
  return Object.fromEntries(Object.entries(facts).filter(([name]) => allowed.has(name)));
}

/** What may be said of an error that nobody foresaw: its kind and its codes, never its message. */
export function errorFacts(error: unknown): LogFacts {
  if (!(error instanceof Error)) return { code: 'unknown' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { code: /^[A-Za-z0-9_]{1,60}$/.test(code) ? code : 'unknown' };
}
