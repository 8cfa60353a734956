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
 * @param named the role; the one that this container runs, where absent
 * @returns 0 when it lives, or when it is a role that listens on nothing; else 1
 */
export async function runHealthcheck(config: Config, named: string | undefined): Promise<number> {
  const role = named ?? roleOfContainer();
  if (role !== undefined && silent.includes(role)) {
    console.log(`${role} listens on nothing; ask /readyz of ops.`);
    return 0;
  }
  if (!isListening(role)) {
    throw new CommandError('Name the role: api, patient, ops, worker or scheduler.');
  }
  const port = config[ports[role]];
  const lives = await fetch(`http://${ownAddress(config.HOST)}:${port}/livez`, {
    signal: AbortSignal.timeout(patienceMs),
  }).then(
    ({ ok }) => ok,
    () => false,
  );
  console.log(`${role} ${lives ? 'lives' : 'does not answer'}.`);
  return lives ? 0 : 1;
}

function isListening(role: string | undefined): role is keyof typeof ports {
  return role !== undefined && Object.hasOwn(ports, role);
}

/** The role that the first process of a container plays, also below an init of two words. */
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
