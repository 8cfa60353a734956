import { readFileSync } from 'node:fs';
import type { Config } from '../../config/env.ts';
import { CommandError } from './command-error.ts';

const patienceMs = 4_000;

const ports = { api: 'API_PORT', patient: 'PATIENT_PORT', ops: 'OPS_PORT' } as const;
/** Nothing to ask: these beat in the database, and /readyz of ops tells who is silent. */
const silent = ['worker', 'scheduler'];

/**
 * `sotto healthcheck`: asks the listener of a role on this machine whether it lives. Made for images,
 * which hold no curl. It looks at nothing that the role leans on: to start a process anew because its
 * database is away helps nobody.
 *
 * @returns 0 when it lives, or when it is a role that listens on nothing; else 1
 */
export async function runHealthcheck(
  config: Config,
  {
    values,
    positionals,
  }: {
    readonly values: { readonly json?: boolean | undefined };
    readonly positionals: readonly string[];
  },
): Promise<number> {
  const [role = roleOfContainer()] = positionals;
  const listens = isListening(role);
  if (role === undefined || !(listens || silent.includes(role))) {
    throw new CommandError('Name the role: api, patient, ops, worker or scheduler.');
  }
  const lives = !listens || (await answers(config, role));
  const said = listens
    ? `${role} ${lives ? 'lives' : 'does not answer'}.`
    : `${role} listens on nothing; ask /readyz of ops.`;
  console.log(values.json ? JSON.stringify({ role, listens, lives }) : said);
  return lives ? 0 : 1;
}

type ListeningRole = keyof typeof ports;

function isListening(role: string | undefined): role is ListeningRole {
  return role !== undefined && Object.hasOwn(ports, role);
}

async function answers(config: Config, role: ListeningRole): Promise<boolean> {
  const url = `http://${ownAddress(config.HOST)}:${config[ports[role]]}/livez`;
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(patienceMs) })).ok;
  } catch {
    return false;
  }
}

/** The role that the first process of a container plays, be it Sotto or an init that runs it. */
function roleOfContainer(): string | undefined {
  try {
    const words = readFileSync('/proc/1/cmdline', 'utf8').split('\0');
    const script = words.findIndex((word) => word.endsWith('/sotto.mjs'));
    return script < 0 ? undefined : words[script + 1];
  } catch {
    return undefined;
  }
}

function ownAddress(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
