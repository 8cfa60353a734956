import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { channels, type Mode } from '../../src/domain/channel.ts';
import { AppError } from '../../src/domain/errors.ts';
import { type ApiDeps, buildApi } from '../../src/http/api/build-api.ts';
import {
  createCredentialLookup,
  createCredentialUses,
  createSigningLookup,
  findPlatformOrganisation,
} from '../../src/store/credentials.ts';
import type { Database } from '../../src/store/database.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { authenticate } from '../../src/usecases/authenticate.ts';
import { changeOwnOrganisation } from '../../src/usecases/change-organisation.ts';
import { type CreateCredentialInput, createApiKey } from '../../src/usecases/create-credential.ts';
import { listAppointments } from '../../src/usecases/list-appointments.ts';
import { listEvents } from '../../src/usecases/list-events.ts';
import { listOwnIncidents, readOwnIncident } from '../../src/usecases/list-own-incidents.ts';
import { readAppointment } from '../../src/usecases/read-appointment.ts';
import { readLedger } from '../../src/usecases/read-ledger.ts';
import { readOrganisation } from '../../src/usecases/read-organisation.ts';
import { createTokenSpender } from '../../src/usecases/recognise-signer.ts';
import { sendCheckUseCases } from '../../src/usecases/send-check-use-cases.ts';
import { webhookUseCases } from '../../src/usecases/webhook-use-cases.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

const noKeys = { webhookPublicKey: async () => undefined };

export interface ApiFixture {
  readonly api: FastifyInstance;
  readonly database: TestDatabase;
  /** Everything that was logged, one JSON line each. */
  readonly logged: string[];
  key(
    input: Partial<CreateCredentialInput> & { organisationId: string; mode?: Mode },
  ): Promise<string>;
  request(options: InjectOptions & { key?: string }): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

interface FixtureOptions {
  readonly apiUrl?: string;
  readonly trustedProxies?: readonly string[];
}

/**
 * The API over a real database, with accepting and deleting left to fakes unless given.
 *
 * @param given the database of another fixture, which then drops it
 */
export async function createApiFixture(
  replace: (database: Database) => Partial<ApiDeps> = () => ({}),
  given?: TestDatabase,
  { apiUrl = 'https://api.test', trustedProxies }: FixtureOptions = {},
): Promise<ApiFixture> {
  const database = given ?? (await createTestDatabase());
  const asApi = database.open('api');
  const journal = { append: async () => {} };
  const settingDeps = { database: asApi, journal, keys: noKeys, isSandbox: true };
  const logged: string[] = [];
  const recognising = {
    findCredential: createCredentialLookup(asApi),
    noteUse: createCredentialUses(asApi),
    findSigningCredential: createSigningLookup(asApi),
    spendToken: createTokenSpender(asApi),
    findPlatformOrganisation: (input: { credentialId: string; organisationId: string }) =>
      findPlatformOrganisation(asApi, input),
    audience: apiUrl,
    now: () => new Date(),
  };
  const api = await buildApi({
    log: recordingLog(logged),
    apiUrl,
    trustedProxies,
    nowMs: () => performance.now(),
    authenticate: (request) => authenticate(recognising, request),
    readAppointment: (input) => readAppointment({ database: asApi }, input),
    listAppointments: (input) => listAppointments({ database: asApi }, input),
    listEvents: (input) => listEvents({ database: asApi }, input),
    readLedger: (input) =>
      readLedger({ database: asApi, now: () => Temporal.Now.instant() }, input),
    listOwnIncidents: (input) => listOwnIncidents({ database: asApi }, input),
    readOwnIncident: (input) => readOwnIncident({ database: asApi }, input),
    readOrganisation: (input) => readOrganisation({ database: asApi }, input),
    changeOrganisation: (input) =>
      changeOwnOrganisation(
        {
          ...{ database: asApi, journal, log: recordingLog(logged), channelsAvailable: channels },
          portals: { loopbackAllowed: true, isPortalForAll: false },
        },
        input,
      ),
    ...webhookUseCases(settingDeps),
    ...sendCheckUseCases(settingDeps),
    putAppointment: async () => {
      throw new AppError('unavailable', { retryAfterS: 2 });
    },
    deleteAppointment: async () => {
      throw new AppError('not_found');
    },
    acceptStatusCallback: async () => {
      throw new AppError('not_found');
    },
    acceptInboundMessage: async () => {},
    acceptBounce: async () => {},
    isCallbackAddress: async () => false,
    jwks: async () => ({ keys: [] }),
    ready: async () => ({ postgres: { ok: true } }),
    ...replace(asApi),
  });
  return {
    api,
    database,
    logged,
    async key(input) {
      const made = await createApiKey({ adminUrl: database.adminUrl }, { mode: 'test', ...input });
      return made.key.reveal();
    },
    request: ({ key, headers, ...options }) =>
      api.inject({
        ...options,
        headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...headers },
      }),
    async close() {
      await api.close();
      if (!given) await database.drop();
    },
  };
}

function recordingLog(lines: string[]): Log {
  const at =
    (level: string) =>
    (phrase: string, facts: object = {}) => {
      lines.push(JSON.stringify({ level, phrase, ...facts }));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
