import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { openCallback } from '../keys/open-parcel.ts';
import {
  countCallbackFailures,
  deleteCallbacks,
  lockCallbacks,
  type SealedCallback,
} from '../store/callbacks.ts';
import type { Connection, Database } from '../store/database.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import {
  parseStatusCallback,
  refusalForTwilioCode,
  verifyTwilioSignature,
} from '../transport/sms-twilio.ts';
import { type DeliveryReceipt, recordDeliveryReceipts } from './record-delivery-receipt.ts';

export interface ProcessCallbacksDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly keys: Pick<KeyStore, 'epochPrivateKey'>;
  readonly authToken: Secret<string>;
  /** Public base of the addresses that the provider was given. */
  readonly callbackUrl: string;
  readonly log: Log;
}

const kind = 'twilio_status';
const groupSizeMax = 50;
const roundsMax = 20;
const failuresMax = 5;

/** What a callback turned out to be. */
type Opened =
  | { readonly kind: 'receipt'; readonly receipt: DeliveryReceipt }
  | { readonly kind: 'forged' | 'unreadable' | 'nothing' };

const keptRequest = z.strictObject({
  url: z.string(),
  signature: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
});
const statusPath = /^\/callbacks\/twilio\/status\/([A-Za-z0-9_-]{22})$/;

/**
 * Opens the provider callbacks that the api has kept, applies the genuine ones, and deletes them.
 *
 * A forged one changes nothing and is counted. One that cannot be read is tried a few times, for
 * its key may be on its way; then it is deleted, with an alarm. Several workers may do this at once.
 *
 * @returns how many were done with
 */
export async function processCallbacks(deps: ProcessCallbacksDeps): Promise<number> {
  let total = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    const done = await processGroup(deps);
    total += done;
    if (done < groupSizeMax) break;
  }
  return total;
}

async function processGroup(deps: ProcessCallbacksDeps): Promise<number> {
  try {
    return await deps.database.transaction([], async (connection) => {
      const callbacks = await lockCallbacks(connection, { kind, countMax: groupSizeMax });
      await applyCallbacks(deps, connection, callbacks);
      return callbacks.length;
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    deps.log.warn('callbacks are taken one by one', errorFacts(error));
  }
  // One of the group cannot be written. Alone, it keeps back nothing but itself.
  for (let done = 0; done < groupSizeMax; done += 1) {
    if (!(await processOne(deps))) return done;
  }
  return groupSizeMax;
}

/** @returns whether there was one */
async function processOne(deps: ProcessCallbacksDeps): Promise<boolean> {
  return deps.database.transaction([], async (connection) => {
    const callbacks = await lockCallbacks(connection, { kind, countMax: 1 });
    await connection.query('savepoint callback');
    try {
      await applyCallbacks(deps, connection, callbacks);
    } catch (error) {
      deps.log.error('a callback could not be applied', errorFacts(error));
      await connection.query('rollback to savepoint callback');
      await giveUp(deps, connection, callbacks);
    }
    return callbacks.length > 0;
  });
}

async function applyCallbacks(
  deps: ProcessCallbacksDeps,
  connection: Connection,
  callbacks: readonly SealedCallback[],
): Promise<void> {
  if (callbacks.length === 0) return;
  const opened = await Promise.all(callbacks.map((callback) => open(deps, callback)));
  const unreadable = callbacks.filter((_, place) => opened[place]?.kind === 'unreadable');
  const forged = opened.filter((one) => one.kind === 'forged').length;
  if (forged > 0) deps.log.warn('forged callbacks were dropped', { count: forged });
  const unknown = await recordDeliveryReceipts(
    connection,
    opened.flatMap((one) => (one.kind === 'receipt' ? [one.receipt] : [])),
  );
  if (unknown > 0) deps.log.info('callbacks were of attempts that are gone', { count: unknown });
  await deleteCallbacks(
    connection,
    callbacks.filter((callback) => !unreadable.includes(callback)).map(({ id }) => id),
  );
  await giveUp(deps, connection, unreadable);
}

/** Lets what failed wait for another time, and deletes what has failed too often. */
async function giveUp(
  deps: ProcessCallbacksDeps,
  connection: Connection,
  failed: readonly SealedCallback[],
): Promise<void> {
  if (failed.length === 0) return;
  const hopeless = failed.filter(({ failedCount }) => failedCount + 1 >= failuresMax);
  for (const { id } of hopeless) {
    deps.log.error('a callback was given up', { callbackId: id, code: 'callback_unreadable' });
  }
  await countCallbackFailures(
    connection,
    failed.map(({ id }) => id),
  );
  await deleteCallbacks(
    connection,
    hopeless.map(({ id }) => id),
  );
}

/** Never throws: what is wrong with one callback is its own. */
async function open(deps: ProcessCallbacksDeps, callback: SealedCallback): Promise<Opened> {
  try {
    const epochPrivateKey = await deps.keys.epochPrivateKey(callback.epochDay);
    if (!epochPrivateKey) return { kind: 'unreadable' };
    const bytes = openCallback({ epochPrivateKey, sealed: callback.sealed }).reveal();
    const { url, signature, params } = keptRequest.parse(JSON.parse(bytes.toString('utf8')));
    const { authToken, callbackUrl } = deps;
    if (!verifyTwilioSignature({ authToken, signature, url: callbackUrl + url, params })) {
      return { kind: 'forged' };
    }
    // The attempt is the one in the signed address, whatever stands beside it in the row.
    const token = statusPath.exec(url)?.[1];
    const status = parseStatusCallback(params);
    if (!token || !status) return { kind: 'nothing' };
    const { errorCode: code, ...rest } = status;
    const reason =
      status.status === 'undelivered' && code ? refusalForTwilioCode(code).reason : undefined;
    return {
      kind: 'receipt',
      receipt: { ...rest, code, reason, token: Buffer.from(token, 'base64url') },
    };
  } catch {
    return { kind: 'unreadable' };
  }
}
