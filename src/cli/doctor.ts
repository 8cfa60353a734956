import { Resolver } from 'node:dns/promises';
import type { Config } from '../../config/env.ts';
import { readConfiguration } from '../doctor/check-configuration.ts';
import { type DoctorDeps, diagnose } from '../doctor/diagnose.ts';
import { type Group, groups } from '../doctor/finding.ts';
import type { Secret } from '../domain/secret.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';
import { formatReport } from './doctor-report.ts';
import { exitCodes } from './exit-codes.ts';
import { configOfRunning } from './running-system.ts';

type Env = Readonly<Record<string, string | undefined>>;

const lastBreathMs = 500;

/**
 * `sotto doctor`: what is wrong with this set-up, in words, and what to do.
 *
 * @returns 1 when there is a problem; warnings alone are none
 */
export async function runDoctor(
  env: Env,
  {
    values,
  }: {
    readonly values: { readonly only?: string | undefined; readonly json?: boolean | undefined };
  },
): Promise<number> {
  const only = groupFrom(values.only);
  const read = readConfiguration(env);
  const config = configOfRunning(read.config, env);
  const databaseUrl = config.DATABASE_DIRECT_URL ?? databaseOf(config);
  const found = await diagnose(systemDeps(), { ...read, config, databaseUrl, only });
  if (values.json) console.log(JSON.stringify(found, null, 2));
  else console.log(formatReport(found, { symbols: isTerminal(env) }));
  // Whatever still waits for an answer is not worth waiting for.
  setTimeout(() => process.exit(), lastBreathMs).unref();
  return found.some(({ severity }) => severity === 'problem') ? exitCodes.failed : exitCodes.fine;
}

function systemDeps(): DoctorDeps {
  return { dns: new Resolver({ timeout: 1_500, tries: 2 }), nowMs: () => Date.now() };
}

function databaseOf(config: Config): Secret<string> | undefined {
  try {
    return adminUrlOf(config);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

function groupFrom(name: string | undefined): Group | undefined {
  const group = groups.find((each) => each === name);
  if (name !== undefined && !group) {
    throw new CommandError(`--only must be one of ${groups.join(', ')}.`);
  }
  return group;
}

function isTerminal({ NO_COLOR }: Env): boolean {
  return process.stdout.isTTY && !NO_COLOR;
}
