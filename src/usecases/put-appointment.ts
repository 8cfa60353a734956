import { randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import type { AppointmentRequest, PutAnswer } from '../domain/appointment.ts';
import type { Channel } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { utcDay } from '../domain/link-expiry.ts';
import type { OrganisationSettings } from '../domain/organisation.ts';
import type { PutDecision } from '../domain/put-decision.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { newIdOfDay } from '../keys/id-of-day.ts';
import type { Receipts } from '../keys/receipt.ts';
import { prepareContent } from '../keys/sealing.ts';
import { type AppointmentKey, appointmentKeyText } from '../store/appointment-locks.ts';
import { pauseAppointments } from '../store/appointment-pauses.ts';
import { type Database, sqlState } from '../store/database.ts';
import { isHeldBack } from '../store/lives.ts';
import { findUnfaithfulVersions } from '../store/read-back.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import { acceptGroup, isOk, type PutOperation } from './accept-group.ts';
import { type CheckedRequest, checkRequest } from './check-request.ts';
import { type Accepted, describeAccepted } from './describe-accepted.ts';
import { createGroupCommit, type Outcome } from './group-commit.ts';
import { createLateGate, type LateGate } from './late-gate.ts';
import type { QuotaGate, QuotaHolder, QuotaRequest } from './quota-gate.ts';
import { type PublicKeys, sealAppointment } from './seal-appointment.ts';

export interface PutAppointmentInput extends AppointmentKey {
  /** Who asks, and is counted. */
  readonly credential: QuotaHolder;
  readonly body: Secret<AppointmentRequest>;
}

export interface PutAppointmentDeps {
  readonly database: Database;
  readonly journal: Pick<Journal, 'append'>;
  readonly keys: PublicKeys;
  readonly receipts: Pick<Receipts, 'sign'> & { readonly isGivenUp?: () => boolean };
  readonly issuer: string;
  readonly settingsOf: (organisationId: string) => Promise<OrganisationSettings>;
  readonly quotas: QuotaGate;
  readonly channelsAvailable: () => readonly Channel[];
  /** Whether one portal serves the patients of all organisations; unless it says so, none does. */
  readonly isPortalForAll?: boolean;
  readonly now: () => Temporal.Instant;
  readonly random: () => number;
  /** Told of every live version that was accepted, as it was sealed; never of test ones, as the canary's are. */
  readonly countFields?: (version: Secret<AppointmentRequest>, appointmentId: string) => void;
  readonly log: Log;
}

type GroupDeps = PutAppointmentDeps & { readonly lateGate: LateGate };

interface Operation extends PutOperation, QuotaRequest {
  readonly request: CheckedRequest;
  readonly content: Secret<Buffer>;
}

export interface PutAppointment {
  (input: PutAppointmentInput): Promise<PutAnswer>;
  /**
   * To be asked before a request is looked at: what is refused costs little.
   *
   * @throws {AppError} `overloaded` when so much waits that it would be refused; a cancellation never is
   */
  refuseWhenFull(input: { isCancellation: boolean }): void;
}

const overflow = () => new AppError('overloaded', { retryAfterS: 2 });

/**
 * Accepts an appointment: checked, sealed, written, read back, and only then answered.
 *
 * Requests that come together share one transaction; each fails for its own reason alone. After
 * COMMIT a new snapshot is read and compared with what was written, so that "accepted" never means
 * less than "stored"; the next ones are written meanwhile.
 *
 * @throws {AppError} `invalid_request` with every fault, `stale_revision`, `revision_required`,
 *   `busy`, `key_missing`, `not_stored`, `unavailable`, `quota_exceeded`, `overloaded`, `restoring`
 */
export function createPutAppointment(deps: PutAppointmentDeps): PutAppointment {
  const lateGate = createLateGate({ nowMs: () => performance.now() });
  const commit = createGroupCommit<Operation, Accepted>({
    keyOf: appointmentKeyText,
    sizeMax: limits.acceptBatchMax,
    waitingMax: limits.acceptWaitingMax,
    waitMaxMs: limits.acceptWaitMaxMs,
    isUrgent: ({ request }) => request.wanted.status === 'cancelled',
    overflow,
    commit: (group) => commitWithinQuotas({ ...deps, lateGate }, group),
    confirm: (outcomes) => refuseUnfaithful(deps, outcomes),
    isHopeless: (error) =>
      isHeldBack(error) || (error instanceof AppError && error.code === 'unavailable'),
  });

  const accept = async (input: PutAppointmentInput): Promise<PutAnswer> => {
    const { organisationId, mode, reference, credential, body } = input;
    // As the store tells it later: one reminder has one send time, whenever it is asked for.
    const now = deps.now().round({ smallestUnit: 'millisecond', roundingMode: 'floor' });
    const organisation = await deps.settingsOf(organisationId);
    const checked = checkRequest(body.reveal(), {
      organisation,
      mode,
      channelsAvailable: deps.channelsAvailable(),
      isPortalForAll: deps.isPortalForAll ?? false,
      now,
      random: deps.random,
    });
    if (!checked.ok) throw new AppError('invalid_request', { fields: checked.errors });
    const { request } = checked;
    if (deps.receipts.isGivenUp?.()) throw new AppError('key_missing', { retryAfterS: 5 });
    const { plaintext: content, readBack } = prepareContent(body.reveal());
    const key = { organisationId, mode, reference };
    const issuedAt = now.round({ smallestUnit: 'second', roundingMode: 'floor' });
    const operation = {
      ...{ ...key, id: await newAppointmentId(deps.keys, request), request, content, issuedAt },
      ...{ credential, ceilings: organisation },
      reminders: messagesOf(request),
      phone: request.contactPoints.sms,
    };
    const accepted = await commit(operation).catch(asBusy);
    if (mode === 'live') deps.countFields?.(readBack, accepted.id);
    const { receipt, receiptSalt } = await deps.receipts.sign({
      ...key,
      receiptId: accepted.receiptId,
      appointmentId: accepted.id,
      version: accepted.decision.version,
      body,
      issuer: deps.issuer,
      issuedAt: new Date(issuedAt.epochMilliseconds),
    });
    return { ...describeAccepted(accepted, request.language), receipt, receiptSalt };
  };
  // Some of them are looked up or checked still, and come to the queue together.
  let onTheWay = 0;
  const put = (input: PutAppointmentInput) => {
    onTheWay += 1;
    return accept(input).finally(() => {
      onTheWay -= 1;
    });
  };
  return Object.assign(put, {
    refuseWhenFull({ isCancellation }: { isCancellation: boolean }) {
      if (!isCancellation && commit.isFull(onTheWay)) throw overflow();
    },
  });
}

/** Its rows are used next on the day of its first reminder. */
async function newAppointmentId(keys: PublicKeys, { wanted }: CheckedRequest): Promise<string> {
  const first = wanted.reminders.find(({ skipped }) => !skipped);
  const epochPublicKey = first && (await keys.epochPublicKey(utcDay(first.sendAt)));
  return epochPublicKey ? newIdOfDay(epochPublicKey) : randomUUID();
}

/**
 * How many it may add. Whether somebody was told is known only under the lock: what tells of a change if so is held
 * to a ceiling that is reached, and counted where it comes.
 */
function messagesOf({ wanted: { status, reminders, notice } }: CheckedRequest): number {
  const planned = status === 'cancelled' ? 0 : reminders.filter(({ skipped }) => !skipped).length;
  if (notice === 'now') return planned + 1;
  return notice === 'if_told' ? Math.max(planned, 1) : planned;
}

/** Lock time-outs and deadlocks that remain when a row is redone alone, and a database not yet compared. */
function asBusy(error: unknown): never {
  const state = sqlState(error);
  if (isHeldBack(error)) throw new AppError('restoring', { retryAfterS: 3, cause: error });
  if (state === '55P03' || state === '40P01' || state === '40001') {
    throw new AppError('busy', { retryAfterS: 1, cause: error });
  }
  throw error;
}

/**
 * What is over a ceiling is refused for itself alone, before anything of it is written or sealed. A
 * cancellation of what was booked is accepted all the same, and tells nobody: what is called off must not go out
 * because a key has had its day's share.
 */
async function commitWithinQuotas(
  deps: GroupDeps,
  group: readonly Operation[],
): Promise<Outcome<Accepted>[]> {
  const organisationIds = [...new Set(group.map(({ organisationId }) => organisationId))];
  return deps.database.transaction(
    organisationIds,
    async (connection) => {
      const { refused, count } = await deps.quotas.pass(connection, group);
      const admitted = group.filter(
        (operation) => !refused.has(operation) || operation.request.wanted.status === 'cancelled',
      );
      const { journal, lateGate } = deps;
      const sealing = { journal, lateGate, seal: sealWith(deps), overCeiling: refused };
      const outcomes =
        admitted.length === 0 ? [] : await acceptGroup(sealing, connection, admitted);
      await count(connection, admitted.flatMap(acceptedOf(outcomes)));
      return group.map((operation) => {
        const error = refused.get(operation) ?? new Error('no outcome');
        return outcomes[admitted.indexOf(operation)] ?? { ok: false, error };
      });
    },
    { lockTimeoutMs: limits.lockTimeoutMs },
  );
}

function acceptedOf(outcomes: readonly Outcome<Accepted>[]) {
  return (request: Operation, index: number) => {
    const outcome = outcomes[index];
    if (!outcome?.ok) return [];
    const { reminders } = outcome.value.sealed;
    return [{ request, reminders: reminders.filter(({ skipped }) => !skipped).length }];
  };
}

/** Seals what was decided, under the locks that it was decided under. */
function sealWith(deps: PutAppointmentDeps) {
  return ({ organisationId, request, content }: Operation, id: string, decision: PutDecision) =>
    sealAppointment(deps.keys, { organisationId, appointmentId: id, decision, request, content });
}

async function refuseUnfaithful(
  { database, log }: PutAppointmentDeps,
  outcomes: readonly Outcome<Accepted>[],
): Promise<readonly Outcome<Accepted>[]> {
  const accepted = outcomes.filter(isOk).map(({ value }) => value);
  if (accepted.length === 0) return outcomes;
  const organisationIds = [...new Set(accepted.map(({ organisationId }) => organisationId))];
  const unfaithful = new Set(await findUnfaithfulVersions(database, organisationIds, accepted));
  if (unfaithful.size === 0) return outcomes;
  await database
    .transaction(organisationIds, (connection) => pauseAppointments(connection, [...unfaithful]))
    .catch((error) => log.error('appointments not paused', errorFacts(error)));
  for (const appointmentId of unfaithful) {
    log.error('stored version differs from what was accepted', { appointmentId });
  }
  return outcomes.map((outcome) =>
    outcome.ok && unfaithful.has(outcome.value.id)
      ? { ok: false, error: new AppError('not_stored') }
      : outcome,
  );
}
