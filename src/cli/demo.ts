import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../../config/env.ts';
import { noCeilings } from '../domain/quota.ts';
import { Secret } from '../domain/secret.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { newPassword } from '../keys/password.ts';
import { administer } from '../store/administration.ts';
import { writePrivateFile } from '../supervisor/private-file.ts';
import { reachable, reachableByName } from '../supervisor/reachable.ts';
import type { DemoAccess } from '../supervisor/summary.ts';
import { callbackAddresses } from '../usecases/callback-addresses.ts';
import { createApiKey } from '../usecases/create-credential.ts';
import { changeOpsPassword, createOpsUser } from '../usecases/create-ops-user.ts';
import { createOrganisation } from '../usecases/create-organisation.ts';
import { untilSealable } from './admin.ts';
import { CommandError } from './command-error.ts';

const appointmentsFile = new URL('../../config/demo/appointments.json', import.meta.url);

const demoAppointments = z.array(
  z.object({
    reference: z.string(),
    inDays: z.number().int(),
    at: z.string(),
    body: z.looseObject({
      timeZone: z.string(),
      recipient: z.looseObject({
        phone: z.string().optional(),
        email: z.string().optional(),
        pin: z.string().optional(),
        birthDate: z.string().optional(),
      }),
    }),
    /** What the sandbox says beside that person's messages. */
    hint: z.string(),
  }),
);

/** What programs read instead of the screen; `DATA_DIR/sandbox.json`, for its owner alone. */
interface SandboxFacts {
  readonly apiUrl: string;
  readonly patientUrl: string;
  readonly opsUrl: string;
  readonly sandboxUrl: string;
  readonly smtpUrl: string;
  readonly organisation: string;
  readonly apiKey: string;
  readonly opsUser: string;
  readonly opsPassword: string;
  /** False until all demo appointments are put. */
  readonly isSetUp?: boolean | undefined;
}

const knownFacts = z.object({
  organisation: z.string(),
  apiKey: z.string(),
  opsPassword: z.string().optional(),
  isSetUp: z.boolean().optional(),
});
type KnownFacts = z.output<typeof knownFacts>;

const opsUser = 'ops';

/**
 * Makes the demo organisation and puts its appointments through the front door, once a data folder.
 *
 * A later start finds the key of the first in `sandbox.json` and leaves everything as it is, but for what a
 * start that was stopped in the middle left to do.
 */
export async function setUpDemo({
  config,
  adminUrl,
}: {
  config: Config;
  adminUrl: Secret<string>;
}): Promise<DemoAccess> {
  const file = join(config.DATA_DIR, 'sandbox.json');
  const host = reachableByName(config.HOST);
  const urls = {
    apiUrl: config.API_URL,
    patientUrl: config.PATIENT_URL,
    opsUrl: config.OPS_URL,
    sandboxUrl: `http://${host}:${config.SANDBOX_PORT}`,
    smtpUrl: `smtp://${host}:${config.SANDBOX_SMTP_PORT}`,
  };
  await setUpCallbacks(config);
  let known = readFacts(file);
  if (!known || (await isKeyRefused(config, known.apiKey))) {
    const opsPassword = await makeOpsUser(adminUrl, known?.opsPassword);
    known = { ...(await makeDemoOrganisation(adminUrl)), opsPassword };
    writeJson(file, { ...known, ...urls });
  }
  const opsPassword = known.opsPassword ?? (await makeOpsUser(adminUrl));
  const facts: SandboxFacts = { ...known, ...urls, opsUser, opsPassword };
  writeJson(file, facts);
  if (known.isSetUp === false) {
    await untilSealable(config, known.organisation);
    await putDemoAppointments(config, new Secret(known.apiKey));
    writeJson(file, { ...facts, isSetUp: true } satisfies SandboxFacts);
  }
  return { apiKey: new Secret(known.apiKey), opsUser, opsPassword: new Secret(opsPassword) };
}

async function makeDemoOrganisation(adminUrl: Secret<string>): Promise<KnownFacts> {
  const { id: organisation } = await createOrganisation(
    { adminUrl },
    {
      name: 'Demo practice',
      settings: {
        quietHours: null,
        jitterMinutes: 0,
        requestsPerMinute: null,
        ...noCeilings,
      },
    },
  );
  const { key } = await createApiKey({ adminUrl }, { organisationId: organisation, mode: 'test' });
  return { organisation, apiKey: key.reveal(), isSetUp: false };
}

/**
 * Somebody who may do everything on the ops pages. One of an earlier start stays as they are, disabled too,
 * but get a new password where nobody knows theirs.
 */
async function makeOpsUser(adminUrl: Secret<string>, known?: string): Promise<string> {
  const password = known === undefined ? newPassword() : new Secret(known);
  const deps = {
    transaction: <T>(work: Parameters<typeof administer<T>>[1]) => administer(adminUrl, work),
  };
  const user = { name: opsUser, password, actor: 'npm start' };
  const isNew = await createOpsUser(deps, { ...user, role: 'admin' });
  // At each start anew: there is nothing to keep of one.
  const journal = { append: async () => {} };
  if (!isNew && known === undefined) await changeOpsPassword({ ...deps, journal }, user);
  return password.reveal();
}

/**
 * Tells the sandbox where replies and bounces go, as an administrator would tell the SMS provider and
 * the mail system. At every start: addresses and keys may have changed.
 */
async function setUpCallbacks(config: Config): Promise<void> {
  const keys = keyStoreFromConfig(config);
  const { bounce, inbound } = await callbackAddresses({ keys, callbackUrl: config.CALLBACK_URL });
  writeJson(join(sandboxFolder(config), 'callback-addresses.json'), {
    bounceUrl: bounce.reveal(),
    inboundUrl: inbound.reveal(),
  });
}

async function putDemoAppointments(config: Config, key: Secret<string>): Promise<void> {
  const appointments = demoAppointments.parse(JSON.parse(readFileSync(appointmentsFile, 'utf8')));
  const people = appointments.map(({ hint, body: { recipient } }) => {
    const { phone, email, pin, birthDate } = recipient;
    return { phone, email, pin, birthDate, hint };
  });
  writeJson(join(sandboxFolder(config), 'people.json'), people);
  for (const { reference, inDays, at, body } of appointments) {
    const start = Temporal.Now.zonedDateTimeISO(body.timeZone)
      .add({ days: inDays })
      .withPlainTime(at)
      .toString({ timeZoneName: 'never', smallestUnit: 'second' });
    const answer = await call(config, key, 'PUT', `/v1/appointments/${reference}`, {
      start,
      ...body,
    });
    if (!answer.ok) {
      throw new CommandError(`The demo appointment ${reference} was refused (${answer.status}).`, {
        exitCode: 1,
      });
    }
  }
}

/** Any other answer, such as that the API is busy, says nothing about the key. */
async function isKeyRefused(config: Config, apiKey: string): Promise<boolean> {
  const answer = await call(config, new Secret(apiKey), 'GET', '/v1/appointments?limit=1');
  return answer.status === 401;
}

function call(config: Config, key: Secret<string>, method: string, path: string, body?: object) {
  // The listener itself, not its public name: no proxy is needed for the demo.
  return fetch(`http://${reachable(config.HOST)}:${config.API_PORT}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key.reveal()}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(10_000),
  });
}

function sandboxFolder(config: Config): string {
  const folder = join(config.DATA_DIR, 'sandbox');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** @throws {CommandError} when it is not what was written */
function readFacts(file: string): KnownFacts | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return knownFacts.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new CommandError(`${file} is damaged: delete it, and a new demo practice is made.`, {
      exitCode: 1,
    });
  }
}

function writeJson(file: string, value: unknown): void {
  writePrivateFile(file, `${JSON.stringify(value, null, 2)}\n`);
}
