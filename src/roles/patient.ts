import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/env.ts';
import { portalForAll } from '../../config/portal.ts';
import { channelsAvailable, hasLiveTransport } from '../../config/transports.ts';
import { buildPatientApp } from '../http/patient/app.ts';
import { paths } from '../http/patient/paths.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { createErasureReceipts } from '../keys/erasure-receipt.ts';
import { keptViewKeys } from '../keys/kept-view-keys.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { checkedKeyStore, vaultLineFromConfig } from '../keys/key-store-from-config.ts';
import type { LinkTokens } from '../keys/link-token.ts';
import type { PasskeyOwner } from '../keys/passkey-box.ts';
import type { Renewed } from '../keys/renewed.ts';
import { createRenewedCookieBoxes, type RenewedCookieBoxes } from '../keys/renewed-cookie-boxes.ts';
import { createRenewedLinkTokens } from '../keys/renewed-link-tokens.ts';
import { sourceHash } from '../keys/source-hash.ts';
import type { Database } from '../store/database.ts';
import { readPatientLink } from '../store/patient-links.ts';
import { createLog, errorFacts, type Log } from '../telemetry/log.ts';
import { eraseForRecipient, findErasure } from '../usecases/erase-for-recipient.ts';
import { hasCode } from '../usecases/find-code.ts';
import { keepCanaryMessage } from '../usecases/keep-canary-message.ts';
import { keepPhoneDays } from '../usecases/keep-phone-days.ts';
import { createViewKeyKeeper } from '../usecases/keep-view-keys.ts';
import { openLink } from '../usecases/open-link.ts';
import { openOptOutToken } from '../usecases/opt-out-links.ts';
import { createSourcePace } from '../usecases/pace-sources.ts';
import { hasPasskey, passkeyUseCases } from '../usecases/passkeys.ts';
import { portalUseCases } from '../usecases/portal-use-cases.ts';
import { type Proof, proveRecipient } from '../usecases/prove-recipient.ts';
import { readHeldData } from '../usecases/read-held-data.ts';
import { recordOptOut, recordOptOutClaim } from '../usecases/record-opt-out.ts';
import { sendCode } from '../usecases/send-code.ts';
import { openCheckedDatabase } from './checked-database.ts';
import { type CodeTransports, openCodeTransports } from './code-transports.ts';
import { openPortalFetch } from './portal-fetch.ts';
import { openSenderPaces } from './sender-paces.ts';

/** A new organisation waits for its view keys, so this is what `org create` takes. */
const keyKeepingIntervalMs = 2_000;
/** Several times what checking an answer takes, so that what it took does not show. */
const answerFloorMs = 300;
/** Of no link: looking for it shows that links can be looked for. */
const noLookup = Buffer.alloc(16);

/**
 * Runs the pages that patients open: checks the database and the keys, makes the view keys that
 * are missing, listens.
 *
 * @throws {ConfigError} without DATABASE_URL, or for a database that this role must not run on
 * @throws {KeyStoreError} for keys that cannot be used
 */
export async function runPatient(config: Config): Promise<{ close(): Promise<void> }> {
  const log = createLog({ role: 'patient', level: config.LOG_LEVEL });
  const paces = openSenderPaces(config, { role: 'patient', log });
  const codeTransports = openCodeTransports(config, {
    pace: paces.of('sms'),
    keepForCanary: (message) => keepCanaryMessage({ database, keys }, message),
  });
  const keys = await checkedKeyStore(config, 'patient', log);
  const database = await openCheckedDatabase(config, { role: 'patient', log });
  const journal = await openJournal(config.JOURNAL, 'patient');
  const close = async () => {
    await Promise.all([paces.close(), codeTransports?.close()]);
    await database.close();
    await journal.close();
  };
  try {
    const keepViewKeys = createViewKeyKeeper({ database, keys, log, now: Temporal.Now.instant });
    await keepViewKeys();
    const linkTokens = await createRenewedLinkTokens({
      keys,
      audience: new URL(config.PATIENT_URL).host,
    });
    const boxes = await createRenewedCookieBoxes(keys);
    const app = await buildApp({
      ...{ config, database, journal, keys, linkTokens, boxes, codeTransports, log },
    });
    await app.listen({ host: config.HOST, port: config.PATIENT_PORT });
    log.info('listening', { port: config.PATIENT_PORT });
    const duties = [
      repeat('keep-view-keys', keepViewKeys, log),
      repeat('renew-link-keys', linkTokens.renew, log),
      repeat('renew-cookie-keys', boxes.renew, log),
      repeat(
        'keep-phone-days',
        () => keepPhoneDays({ database, keys, now: Temporal.Now.instant }),
        log,
      ),
    ];
    return {
      async close() {
        await app.close();
        await Promise.all(duties.map((duty) => duty.stop()));
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function buildApp({
  config,
  database,
  journal,
  keys,
  linkTokens,
  boxes,
  codeTransports,
  log,
}: {
  config: Config;
  database: Database;
  journal: Journal;
  keys: KeyStore;
  linkTokens: Renewed<LinkTokens>;
  boxes: RenewedCookieBoxes;
  codeTransports: CodeTransports | undefined;
  log: Log;
}) {
  const findVault = vaultLineFromConfig(config, 'patient');
  const sourceKey = await keys.symmetricKey('source');
  // The first start makes it.
  await keys.symmetricKeys('code');
  await keys.ensureErasureKey();
  const sign = createErasureReceipts(keys.ensureErasureKey);
  if (config.PATIENT_URL.startsWith('https://') && !config.TRUSTED_PROXIES?.length) {
    log.warn('TRUSTED_PROXIES is empty: every patient behind a proxy counts as one source');
  }
  if (config.SMS_TRANSPORT === 'twilio' && !config.TWILIO_SEND_KEY_SID) {
    log.warn('TWILIO_SEND_KEY_SID is empty: this process holds the token of the whole account');
  }
  const underWay = new Map<string, Promise<Proof>>();
  const links = {
    ...{ database, log },
    keys: keptViewKeys(keys),
    sendsCodes: codeTransports !== undefined,
    portalForAll: portalForAll(config),
    hasPasskey: (owner: PasskeyOwner) => hasPasskey({ database, keys }, owner),
  };
  return buildPatientApp({
    patientUrl: config.PATIENT_URL,
    trustedProxies: config.TRUSTED_PROXIES,
    check: {
      sender: config.TWILIO_FROM,
      emailSender: channelsAvailable(config).includes('email') ? config.MAIL_FROM : undefined,
      codes: codeTransports !== undefined,
      optOut: config.SMS_OPT_OUT === 'reply',
    },
    log,
    boxes,
    now: Date.now,
    verifyToken: async (token) => linkTokens.current().verify(token),
    openLink: (linkSecret) => openLink(links, linkSecret),
    passkeys: passkeyUseCases({
      ...{ database, journal, keys, log },
      site: { origin: config.PATIENT_URL, host: new URL(config.PATIENT_URL).hostname },
    }),
    portal: portalUseCases({
      ...{ keys, log, fetch: openPortalFetch(config), loopbackAllowed: !hasLiveTransport(config) },
      patientUrl: config.PATIENT_URL,
      returnPath: paths.portalReturn,
      now: Date.now,
    }),
    proveRecipient: (input) => proveRecipient({ database, journal, keys, underWay, log }, input),
    sendCode: (input) => {
      assert(codeTransports, 'no link offers a code where none can be sent');
      const { transportFor } = codeTransports;
      const linkHostUrl = config.PATIENT_URL;
      return sendCode({ database, keys, transportFor, linkHostUrl, log }, input);
    },
    hasCode: (input) => hasCode({ database }, input),
    optOut: {
      openToken: (token) => openOptOutToken({ keys }, token),
      recordClaim: (claim) => recordOptOutClaim({ database, journal, keys }, claim),
      record: ({ channel, contactPoint: contact }) =>
        recordOptOut({ database, journal, keys }, { channel, contact, source: 'patient_page' }),
    },
    rights: {
      readHeld: (input) => readHeldData({ database, keys }, input),
      erase: (input) =>
        eraseForRecipient({ database, journal, keys, sign, issuer: config.API_URL }, input),
      findErasure: (input) => findErasure({ database }, input),
    },
    sourceOf: (address) => sourceHash(sourceKey, address),
    pace: createSourcePace(),
    answerFloorMs,
    findReadiness: async () => ({
      database: await readPatientLink(database, noLookup).then(
        () => true,
        () => false,
      ),
      keys: await keys.linkKeys().then(
        (held) => held.length > 0,
        () => false,
      ),
      ...(findVault && { vault: await findVault() }),
    }),
  });
}

/** Runs a duty every few seconds, until told to stop; a failure is logged and tried again. */
function repeat(name: string, duty: () => Promise<void>, log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await sleep(keyKeepingIntervalMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      await duty().catch((error: unknown) =>
        log.error('a duty failed', { duty: name, ...errorFacts(error) }),
      );
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
