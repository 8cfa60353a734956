/**
 * Sends what is due without a queue, a feeder or another process: claims a few batches ahead straight from
 * PostgreSQL, and sends them by the code and the statements that the worker sends by.
 */
import { randomUUIDv7 } from 'node:crypto';
import { loadConfig } from '../../../config/env.ts';
import { limits } from '../../../config/limits.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { openJournal } from '../../../src/journal/journal.ts';
import { fileKeyStore, keyStoreFolder } from '../../../src/keys/file-key-store.ts';
import { renderMessage } from '../../../src/message/render-message.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { listDueOrganisations, lockDueReminders, queueBatches } from '../../../src/store/feed.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { createAdmission } from '../../../src/usecases/admit-database.ts';
import { type DispatchDeps, dispatchBatch } from '../../../src/usecases/dispatch-batch.ts';
import { createRenewedTokens, openSending } from '../../../workers/sending.ts';
import { nullTransport } from '../null-transport.ts';
import { answerParent } from './answer-parent.ts';

const batchesAtOnce = 8;
const claimedAtOnce = 8;
const nobody = '00000000-0000-0000-0000-000000000000';
const lane = { channel: 'sms', mode: 'live' } as const;

const config = loadConfig(process.env);
const { LOOP_CLAIMS_AT = '', LOOP_IS_SEALED } = process.env;
const log = createLog({ role: 'worker', level: config.LOG_LEVEL });
const open = (url: Secret<string>) =>
  openDatabase({ url, connectionsMax: config.DATABASE_POOL_MAX, applicationName: 'bench loop' });
const database = open(config.DATABASE_URL ?? new Secret(''));
const claims = open(new Secret(LOOP_CLAIMS_AT));

// What the scheduler does before anything may be sent.
await createAdmission({
  ...{ database: claims, journal: config.JOURNAL, log },
  openIncident: async () => {},
})();

const keys = fileKeyStore(keyStoreFolder(config.KEYSTORE));
const sending = await openSending({
  ...{ config, database, keys, log },
  journal: await openJournal(config.JOURNAL, 'worker'),
  tokens: await createRenewedTokens({ keys, database, config }),
  stop: new AbortController().signal,
  openProvider: async () => nullTransport,
});
const to = new Secret('+33639980099');
const message = renderMessage({
  ...{ language: 'fr', channel: 'sms', optOut: false },
  link: new Secret(`${config.PATIENT_URL}/${'a'.repeat(68)}`),
});
const unsealed: Partial<DispatchDeps> = {
  async open(_, reminder) {
    const { link } = reminder;
    if (!link || message.channel !== 'sms') return { ok: false, reason: 'no_parcel' };
    return { ok: true, opened: { reminder, link, selector: 'a', to, message } };
  },
  findSuppressed: async () => new Set(),
};
const deps: DispatchDeps = LOOP_IS_SEALED === 'true' ? sending : { ...sending, ...unsealed };

/** @returns batches that are now this process's own */
function claim(organisationId: string): Promise<string[]> {
  const countMax = claimedAtOnce * limits.batchSizeMax;
  return claims.transaction([], async (connection) => {
    const { organisations } = await listDueOrganisations(connection, {
      ...{ ...lane, after: nobody, countMax },
    });
    const reminderIds = await lockDueReminders(connection, {
      ...{ ...lane, countMax, lookAt: countMax },
      organisations: organisations.filter(({ id }) => id === organisationId),
    });
    const batches = Array.from(
      { length: Math.ceil(reminderIds.length / limits.batchSizeMax) },
      (_, place) => ({
        id: randomUUIDv7(),
        reminderIds: reminderIds.slice(
          place * limits.batchSizeMax,
          (place + 1) * limits.batchSizeMax,
        ),
      }),
    );
    if (batches.length === 0) return [];
    await queueBatches(connection, { ...lane, leaseMs: limits.batchLeaseMs, batches });
    return batches.map(({ id }) => id);
  });
}

async function sendAll(organisationId: string): Promise<void> {
  const claimed: string[] = [];
  let claiming: Promise<boolean> | undefined;
  const claimMore = () => {
    claiming ??= claim(organisationId).then((more) => {
      claiming = undefined;
      claimed.push(...more);
      return more.length > 0;
    });
    return claiming;
  };
  const sendNext = async () => {
    for (;;) {
      while (claimed.length === 0) if (!(await claimMore()) && claimed.length === 0) return;
      const batchId = claimed.shift();
      // While these are sent, more is claimed.
      if (claimed.length < claimedAtOnce / 2) void claimMore();
      if (batchId) await dispatchBatch(deps, batchId);
    }
  };
  await Promise.all(Array.from({ length: batchesAtOnce }, sendNext));
  await sending.recorder.idle();
}

answerParent(sendAll, async () => {
  await sending.close();
  await Promise.all([database.close(), claims.close()]);
});
