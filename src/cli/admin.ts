import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../config/env.ts';
import { type KeptDays, keptDays, keptDaysMax } from '../../config/kept-days.ts';
import { AppError } from '../domain/errors.ts';
import { utcMonth } from '../domain/link-expiry.ts';
import { Secret } from '../domain/secret.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { prepareQueue } from '../queue/prepare-queue.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { setKeptFloors } from '../store/kept-floors.ts';
import { migrate } from '../store/migrate.ts';
import { readRunning } from '../supervisor/data-dir.ts';
import { isAlive } from '../supervisor/process-identity.ts';
import { CommandError } from './command-error.ts';

/**
 * The schema and the queue's own, in the order they need each other; and for how long events and the audit
 * are kept at least, as it is wanted here.
 */
export async function migrateAll(
  adminUrl: Secret<string>,
  keep: KeptDays = keptDaysMax,
): Promise<string[]> {
  const ran = await migrate(adminUrl);
  await prepareQueue(adminUrl);
  await administer(adminUrl, async (connection) => {
    if (!(await setKeptFloors(connection, keep))) return;
    const subject = `events=${keep.events} audit=${keep.audit}`;
    await recordAdministration(connection, { action: 'retention.set', subject });
  });
  return ran;
}

/** `sotto migrate`: at DATABASE_URL, which must be able to create roles. */
export async function runMigrate(
  config: Config,
  { json }: { readonly json?: boolean | undefined },
): Promise<number> {
  const adminUrl = adminUrlOf(config);
  const applied = await migrateAll(adminUrl, keptDays(config));
  if (applied.length > 0) {
    const subject = `up to ${applied.at(-1)}`;
    await administer(adminUrl, (connection) =>
      recordAdministration(connection, { action: 'schema.migrate', subject }),
    );
  }
  if (json) console.log(JSON.stringify({ applied }));
  else
    console.log(
      applied.length > 0 ? `Applied: ${applied.join(', ')}` : 'The schema is up to date.',
    );
  return 0;
}

/**
 * Waits until the patient role has published what this organisation's appointments are sealed to.
 *
 * @throws {CommandError} when it does not within half a minute
 */
export async function untilSealable(config: Config, organisationId: string): Promise<void> {
  const keys = keyStoreFromConfig(config);
  const now = Temporal.Now.instant();
  const last = utcMonth(now.add({ hours: 24 * 400 }));
  for (let tries = 0; tries < 300; tries += 1) {
    const published = await Promise.all(
      [utcMonth(now), last].map((month) => keys.viewPublicKey(organisationId, month)),
    );
    if (published.every((key) => key !== undefined)) return;
    await wait(100);
  }
  throw new CommandError(
    `Organisation ${organisationId} exists, but its keys are not published: is the patient role running?`,
    { exitCode: 1 },
  );
}

/**
 * DATABASE_DIRECT_URL before DATABASE_URL, since commands act as other roles and hold locks, which
 * poolers do not carry; or the database of the `npm start` that runs on DATA_DIR.
 */
export function adminUrlOf(config: Config): Secret<string> {
  const given = config.DATABASE_DIRECT_URL ?? config.DATABASE_URL;
  if (given) return given;
  const running = urlOfRunning(config.DATA_DIR);
  if (running) return running;
  throw new CommandError(
    `No Sotto runs on ${config.DATA_DIR}. Run npm start, or set DATA_DIR or DATABASE_URL.`,
    { exitCode: 1 },
  );
}

/** What its database wrote down outlives a power cut, so it counts only while its supervisor lives. */
function urlOfRunning(dataDir: string): Secret<string> | undefined {
  const supervisor = readRunning(dataDir)?.supervisor;
  if (!supervisor || !isAlive(supervisor)) return undefined;
  try {
    const password = readFileSync(join(dataDir, 'postgres-password'), 'utf8').trim();
    const [, , , port] = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split(
      '\n',
    );
    return new Secret(`postgres://postgres:${password}@127.0.0.1:${Number(port)}/postgres`);
  } catch {
    return undefined;
  }
}

export function missing(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    throw new CommandError(`No ${what} has this id.`, { exitCode: 1 });
  };
}

export function uuidFrom(value: unknown, what: string): string {
  if (typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) {
    return value.toLowerCase();
  }
  throw new CommandError(`${what} must be an id as the create command printed it.`);
}
