import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config/env.ts';
import { portalForAll } from '../../config/portal.ts';
import { channelsAvailable, hasLiveTransport } from '../../config/transports.ts';
import { AppError } from '../domain/errors.ts';
import type { OrganisationSettings } from '../domain/organisation.ts';
import { buildApi } from '../http/api/build-api.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { createErasureReceipts } from '../keys/erasure-receipt.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { checkedKeyStore, vaultLineFromConfig } from '../keys/key-store-from-config.ts';
import { randomFraction } from '../keys/random-fraction.ts';
import { createRenewedReceipts, type RenewedReceipts } from '../keys/renewed-receipts.ts';
import { createBatchedLookup } from '../store/batched-lookup.ts';
import {
  createCredentialLookup,
  createCredentialUses,
  createSigningLookup,
  findPlatformOrganisation,
} from '../store/credentials.ts';
import type { Database } from '../store/database.ts';
import { readOrganisationSettings } from '../store/organisation-settings.ts';
import { createLog, errorFacts, type Log } from '../telemetry/log.ts';
import {
  acceptBounce,
  acceptInboundMessage,
  acceptStatusCallback,
  isCallbackAddress,
} from '../usecases/accept-callback.ts';
import { apiReadiness } from '../usecases/api-readiness.ts';
import { authenticate } from '../usecases/authenticate.ts';
import { changeOwnOrganisation } from '../usecases/change-organisation.ts';
import { createFieldCounter, type FieldCounter } from '../usecases/count-fields.ts';
import { createDeleteAppointment } from '../usecases/delete-appointment.ts';
import { listAppointments } from '../usecases/list-appointments.ts';
import { listEvents } from '../usecases/list-events.ts';
import { listOwnIncidents, readOwnIncident } from '../usecases/list-own-incidents.ts';
import { onceCompared } from '../usecases/once-compared.ts';
import { createPutAppointment } from '../usecases/put-appointment.ts';
import { createQuotaGate } from '../usecases/quota-gate.ts';
import { readAppointment } from '../usecases/read-appointment.ts';
import { readLedger } from '../usecases/read-ledger.ts';
import { readOrganisation } from '../usecases/read-organisation.ts';
import { createTokenSpender } from '../usecases/recognise-signer.ts';
import { createRefusalSigns } from '../usecases/refusal-signs.ts';
import { sendCheckUseCases } from '../usecases/send-check-use-cases.ts';
import { webhookUseCases } from '../usecases/webhook-use-cases.ts';
import { openCheckedDatabase } from './checked-database.ts';

const fieldsFlushMs = 60_000;
const keysReadMs = 10_000;

/**
 * Runs the API for booking systems and the receiver of callbacks: checks the database and the keys,
 * makes the first receipt key, listens.
 *
 * @throws {ConfigError} without DATABASE_URL, or for a database that this role must not run on
 * @throws {KeyStoreError} for keys that cannot be used
 */
export async function runApi(config: Config): Promise<{ close(): Promise<void> }> {
  const log = createLog({ role: 'api', level: config.LOG_LEVEL });
  const keys = await checkedKeyStore(config, 'api', log);
  const database = await openCheckedDatabase(config, { role: 'api', log });
  const journal = await openJournal(config.JOURNAL, 'api');
  const closeStores = async () => {
    await journal.close();
    await database.close();
  };
  try {
    const fields = createFieldCounter({ database });
    const receipts = await createRenewedReceipts(keys);
    const app = await composeApi({ config, database, keys, receipts, journal, fields, log });
    await app.listen({ host: config.HOST, port: config.API_PORT });
    log.info('listening', { port: config.API_PORT });
    const flush = () =>
      fields.flush().catch((error) => log.warn('fields were not counted', errorFacts(error)));
    const flushing = setInterval(flush, fieldsFlushMs).unref();
    const renew = () =>
      receipts.renew().catch((error) => log.warn('keys were not read', errorFacts(error)));
    const renewing = setInterval(renew, keysReadMs).unref();
    return {
      async close() {
        await app.close();
        clearInterval(flushing);
        clearInterval(renewing);
        await flush();
        await closeStores();
      },
    };
  } catch (error) {
    await closeStores();
    throw error;
  }
}

interface Resources {
  readonly config: Config;
  readonly database: Database;
  readonly keys: KeyStore;
  readonly receipts: RenewedReceipts;
  readonly journal: Journal;
  readonly fields: FieldCounter;
  readonly log: Log;
}

async function composeApi(resources: Resources): Promise<FastifyInstance> {
  const { config, database, keys, receipts, journal, fields, log } = resources;
  const now = () => Temporal.Now.instant();
  const available = channelsAvailable(config);
  const isSandbox = !hasLiveTransport(config);
  const isPortalForAll = portalForAll(config) !== undefined;
  const recognising = {
    findCredential: createCredentialLookup(database),
    noteUse: createCredentialUses(database),
    findSigningCredential: createSigningLookup(database),
    spendToken: createTokenSpender(database),
    findPlatformOrganisation: (input: { credentialId: string; organisationId: string }) =>
      findPlatformOrganisation(database, input),
    audience: config.API_URL,
    now: () => new Date(),
  };
  // The first start makes it, so that the addresses to give to providers can be printed.
  await keys.symmetricKeys('callback');
  // The patient role may make its first key after this.
  const jwks = async () => ({
    keys: [...receipts.jwks().keys, ...(await keys.publishedErasureKeys())],
  });

  const findVault = vaultLineFromConfig(config, 'api');
  const nowMs = () => performance.now();
  const telling = createRefusalSigns({ database, log, nowMs });
  const putAppointment = createPutAppointment({
    database,
    journal,
    keys,
    receipts,
    issuer: config.API_URL,
    settingsOf: createSettingsLookup(database),
    quotas: createQuotaGate({ database, now, log }),
    channelsAvailable: () => available,
    isPortalForAll,
    now,
    random: randomFraction,
    countFields: fields.count,
    log,
  });
  const deleteAppointment = createDeleteAppointment({
    ...{ database, journal, receipts, now },
    signErasure: createErasureReceipts(keys.receiptKeys),
    issuer: config.API_URL,
  });
  const webhooks = webhookUseCases({ database, journal, keys, isSandbox });
  const sendChecks = sendCheckUseCases({ database, journal, keys, isSandbox });
  const portals = { loopbackAllowed: isSandbox, isPortalForAll };
  const callbacks = { database, keys, now };
  return buildApi({
    log,
    apiUrl: config.API_URL,
    trustedProxies: config.TRUSTED_PROXIES,
    nowMs,
    authenticate: (request) => authenticate(recognising, request),
    putAppointment: (input) => telling(input.organisationId, () => putAppointment(input)),
    refuseWhenFull: (input) => telling(undefined, () => putAppointment.refuseWhenFull(input)),
    deleteAppointment: (input) => telling(input.organisationId, () => deleteAppointment(input)),
    readAppointment: (input) => readAppointment({ database }, input),
    listAppointments: (input) => listAppointments({ database }, input),
    listEvents: (input) => listEvents({ database }, input),
    readLedger: (input) => readLedger({ database, daysKept: config.KEEP_EVENTS_DAYS, now }, input),
    listOwnIncidents: (input) => listOwnIncidents({ database }, input),
    readOwnIncident: (input) => readOwnIncident({ database }, input),
    readOrganisation: (input) => readOrganisation({ database }, input),
    changeOrganisation: onceCompared(database, (input) =>
      changeOwnOrganisation(
        { database, journal, log, channelsAvailable: available, portals },
        input,
      ),
    ),
    ...webhooks,
    changeWebhookEndpoint: onceCompared(database, webhooks.changeWebhookEndpoint),
    rotateWebhookSecret: onceCompared(database, webhooks.rotateWebhookSecret),
    ...sendChecks,
    putSendCheck: onceCompared(database, sendChecks.putSendCheck),
    rotateSendCheckSecret: onceCompared(database, sendChecks.rotateSendCheckSecret),
    acceptStatusCallback: (input) =>
      telling(undefined, () => acceptStatusCallback(callbacks, input)),
    acceptInboundMessage: (input) =>
      telling(undefined, () => acceptInboundMessage(callbacks, input)),
    acceptBounce: (input) => telling(undefined, () => acceptBounce(callbacks, input)),
    isCallbackAddress: (input) => isCallbackAddress({ keys }, input),
    jwks,
    ready: async () => ({
      ...(await apiReadiness({ database, keys, now })),
      ...(findVault && { vault: await findVault() }),
    }),
  });
}

/** Requests that come together for one organisation read its settings once. */
function createSettingsLookup(database: Database) {
  const find = createBatchedLookup<OrganisationSettings | undefined>(async (ids) => {
    const read = async (id: string) => [id, await readOrganisationSettings(database, id)] as const;
    return new Map(await Promise.all(ids.map(read)));
  });
  return async (organisationId: string) => {
    const settings = await find(organisationId);
    if (!settings) throw new AppError('internal');
    return settings;
  };
}
