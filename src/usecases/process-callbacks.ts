import { setImmediate as aTurn } from 'node:timers/promises';
import { AppError } from '../domain/errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeyStore } from '../keys/key-store.ts';
import {
  type CallbackKind,
  callbackKinds,
  countCallbackFailures,
  deleteCallbacks,
  lockCallbacks,
  type SealedCallback,
} from '../store/callbacks.ts';
import type { Connection, Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import { beginChange, type JournaledChange } from './begin-change.ts';
import { type OpenCallbackDeps, type OpenedCallback, openCallback } from './open-callback.ts';
import { recordSomeReceipts } from './record-delivery-receipt.ts';
import { applyReply, stopNumber } from './record-opt-out.ts';

export interface ProcessCallbacksDeps extends OpenCallbackDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly keys: Pick<KeyStore, 'epochPrivateKey' | 'symmetricKeys'>;
  readonly journal: Pick<Journal, 'append'>;
  readonly log: Log;
}

type LiftingDeps = ProcessCallbacksDeps & { readonly lifting: JournaledChange };

const groupSizeMax = 50;
const roundsMax = 20;
/** The waits between so many add up to a day: longer than keys or the journal's disk are away. */
const failuresMax = 30;

/**
 * Opens the provider callbacks that the api has kept, applies the genuine ones, and deletes them.
 *
 * A forged one changes nothing and is counted. One that cannot be read or applied is tried for a day,
 * each time after a longer wait, for what is wrong may be ours; then it is deleted, with an alarm.
 * Several workers may do this at once. One kind keeps back no other.
 *
 * @returns how many were done with
 */
export async function processCallbacks(deps: ProcessCallbacksDeps): Promise<number> {
  let total = 0;
  const failures: unknown[] = [];
  for (const kind of callbackKinds) {
    try {
      total += await processKind(deps, kind);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return total;
}

async function processKind(deps: ProcessCallbacksDeps, kind: CallbackKind): Promise<number> {
  let total = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    const done = await processGroup(deps, kind);
    total += done;
    if (done === 0) break;
  }
  return total;
}

async function processGroup(deps: ProcessCallbacksDeps, kind: CallbackKind): Promise<number> {
  const change = beginChange(deps.journal);
  try {
    const count = await deps.database.transaction([], async (connection) => {
      const callbacks = await takeCallbacks(connection, kind, groupSizeMax);
      return applyCallbacks({ ...deps, lifting: change }, connection, callbacks);
    });
    await endChange(deps, change);
    return count;
  } catch (error) {
    if (error instanceof AppError) throw error;
    deps.log.warn('callbacks are taken one by one', errorFacts(error));
  }
  // One of the group cannot be written. Alone, it keeps back nothing but itself.
  for (let done = 0; done < groupSizeMax; done += 1) {
    if (!(await processOne(deps, kind))) return done;
  }
  return groupSizeMax;
}

/** @returns whether there was one */
async function processOne(deps: ProcessCallbacksDeps, kind: CallbackKind): Promise<boolean> {
  const change = beginChange(deps.journal);
  const isOne = await deps.database.transaction([], async (connection) => {
    const callbacks = await takeCallbacks(connection, kind, 1);
    await connection.query('savepoint callback');
    try {
      await applyCallbacks({ ...deps, lifting: change }, connection, callbacks);
    } catch (error) {
      deps.log.error('a callback could not be applied', errorFacts(error));
      await connection.query('rollback to savepoint callback');
      change.undo();
      await giveUp(deps, connection, callbacks);
    }
    return callbacks.length > 0;
  });
  await endChange(deps, change);
  return isOne;
}

/** What was taken back is taken back, and stops again after a restore where the journal has not heard of it. */
async function endChange(deps: ProcessCallbacksDeps, change: JournaledChange): Promise<void> {
  const { isJournaled } = await change.done();
  if (!isJournaled) deps.log.warn('the journal was not told that opt-outs are done');
}

/** Replies are taken by one worker at a time: a START that overtook its STOP would undo nothing. */
async function takeCallbacks(
  connection: Connection,
  kind: CallbackKind,
  countMax: number,
): Promise<SealedCallback[]> {
  if (kind === 'twilio_inbound' && !(await tryDuty(connection, 'replies'))) return [];
  return lockCallbacks(connection, { kind, countMax });
}

/** @returns how many were done with; the others are for the next transaction */
async function applyCallbacks(
  deps: LiftingDeps,
  connection: Connection,
  callbacks: readonly SealedCallback[],
): Promise<number> {
  if (callbacks.length === 0) return 0;
  const opened = await openInTurn(deps, callbacks);
  const forged = opened.filter(({ said }) => said.kind === 'forged').length;
  if (forged > 0) deps.log.warn('forged callbacks were dropped', { count: forged });
  const { unknown, left } = await recordSomeReceipts(
    connection,
    opened.flatMap(({ said }) => (said.kind === 'receipt' ? [said.receipt] : [])),
  );
  if (unknown > 0) deps.log.info('callbacks were of attempts that are gone', { count: unknown });
  const done = opened.filter(({ said }) => said.kind !== 'receipt' || !left.includes(said.receipt));
  await applyOptOuts(
    deps,
    connection,
    done.map(({ said }) => said),
  );
  const unreadable = done.filter(({ said }) => said.kind === 'unreadable');
  await deleteCallbacks(
    connection,
    done.filter((one) => !unreadable.includes(one)).map(({ callback }) => callback.id),
  );
  await giveUp(
    deps,
    connection,
    unreadable.map(({ callback }) => callback),
  );
  return done.length;
}

/**
 * One after the other, with a turn for everything else in between: anyone can write to the return
 * path, a large message takes a second to read, and sends must not miss their leases over fifty.
 */
async function openInTurn(
  deps: ProcessCallbacksDeps,
  callbacks: readonly SealedCallback[],
): Promise<{ callback: SealedCallback; said: OpenedCallback }[]> {
  const opened: { callback: SealedCallback; said: OpenedCallback }[] = [];
  for (const callback of callbacks) {
    opened.push({ callback, said: await openCallback(deps, callback) });
    await aTurn();
  }
  return opened;
}

/** One after the other, in the order they came. */
async function applyOptOuts(
  deps: LiftingDeps,
  connection: Connection,
  opened: readonly OpenedCallback[],
): Promise<void> {
  let count = 0;
  for (const one of opened) {
    if (one.kind === 'reply' && (await applyReply(deps, connection, one.reply))) count += 1;
    if (one.kind === 'receipt' && one.refused) {
      const isNew = await stopNumber(deps, connection, { ...one.refused, source: 'provider' });
      if (isNew) count += 1;
    }
  }
  if (count > 0) deps.log.info('opt-outs were changed', { count });
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
