import { type Config, ConfigError, loadConfig } from '../../config/env.ts';
import { checkTransport } from '../../config/transports.ts';
import { type Finding, fine, problem, warning } from './finding.ts';

/** The configuration as far as it can be read, and one line for each variable that cannot. */
export interface ReadConfiguration {
  readonly config: Config;
  /** `NAME: what is wrong`, without values. */
  readonly problems: readonly string[];
}

/** Reads what can be read, and complains of the rest all at once. */
export function readConfiguration(
  env: Readonly<Record<string, string | undefined>>,
): ReadConfiguration {
  try {
    return { config: loadConfig(env), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.message.split('\n');
    const left = new Map(Object.entries(env));
    for (const name of unreadable({ problems })) left.delete(name);
    return { config: loadConfig(Object.fromEntries(left)), problems };
  }
}

/** The names of the variables that cannot be read. */
export function unreadable({ problems }: Pick<ReadConfiguration, 'problems'>): string[] {
  return problems.map((line) => line.slice(0, line.indexOf(':')));
}

/** Every variable, and whether together they can send to real people. */
export function checkConfiguration(read: ReadConfiguration): Finding[] {
  return [...checkSettings(read), ...checkTransports(read), ...checkTrustedProxies(read.config)];
}

function checkSettings({ problems }: ReadConfiguration): Finding[] {
  if (problems.length === 0) return [fine('settings', 'Every variable can be read.')];
  return problems.map((text) =>
    problem('settings', {
      text: `${text}.`,
      mend: 'Correct it; .env.example says what each variable takes. No process starts before.',
    }),
  );
}

function checkTransports(read: ReadConfiguration): Finding[] {
  const said = new Set(unreadable(read));
  const lines = transportProblems(read.config).filter(
    (line) => !said.has(line.slice(0, line.indexOf(':'))),
  );
  if (lines.length === 0) {
    // With a variable left out it may look as if nothing were to be sent.
    return said.size > 0 ? [] : [fine('transports', 'The settings for sending fit together.')];
  }
  return lines.map((text) =>
    problem('transports', {
      text: `${text}.`,
      mend: 'Correct it; docs/operations.md, "Setting it up for real", says what each role needs.',
    }),
  );
}

function transportProblems(config: Config): string[] {
  try {
    checkTransport(config);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

function checkTrustedProxies({ PATIENT_URL, TRUSTED_PROXIES }: Config): Finding[] {
  if (!PATIENT_URL.startsWith('https://')) return [];
  if (TRUSTED_PROXIES?.length) {
    return [fine('trusted_proxies', 'TRUSTED_PROXIES names who may say where a request is from.')];
  }
  return [
    warning('trusted_proxies', {
      text: 'PATIENT_URL is https and TRUSTED_PROXIES is empty: behind a proxy all patients look like one, and some wrong answers of one pause all.',
      mend: 'Set TRUSTED_PROXIES to the address of the proxy, for patient, api and ops.',
    }),
  ];
}
