import { randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import type { AppointmentRequest, PutAnswer } from '../domain/appointment.ts';
import type { Channel } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import type { OrganisationSettings } from '../domain/organisation.ts';
import { decidePut, type PutDecision, refuseRevision } from '../domain/put-decision.ts';
import type { StoredAppointment } from '../domain/put-facts.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import type { Receipts } from '../keys/receipt.ts';
import { prepareContent } from '../keys/sealing.ts';
import {
  type AppointmentKey,
  appointmentKeyText,
  lockAppointments,
  readTombstoneRevisions,
} from '../store/appointment-locks.ts';
import { pauseAppointments } from '../store/appointment-pauses.ts';
import { insertMissingAppointments, writeAcceptedVersions } from '../store/appointment-writes.ts';
import { type Connection, type Database, sqlState } from '../store/database.ts';
import { findUnfaithfulVersions } from '../store/read-back.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import { type CheckedRequest, checkRequest } from './check-request.ts';
import { type Accepted, describeAccepted } from './describe-accepted.ts';
import { createGroupCommit, type Outcome } from './group-commit.ts';
import { type PublicKeys, sealAppointment } from './seal-appointment.ts';

export interface PutAppointmentInput extends AppointmentKey {
  readonly body: Secret<AppointmentRequest>;
}

export interface PutAppointmentDeps {
  readonly database: Database;
  readonly journal: Pick<Journal, 'append'>;
  readonly keys: PublicKeys;
  readonly receipts: Receipts;
  readonly issuer: string;
  readonly settingsOf: (organisationId: string) => Promise<OrganisationSettings>;
  readonly channelsAvailable: () => readonly Channel[];
  readonly now: () => Temporal.Instant;
  readonly random: () => number;
  readonly log: Log;
}

interface Operation extends AppointmentKey {
  readonly id: string;
  readonly request: CheckedRequest;
  readonly content: Secret<Buffer>;
  /** A whole second, as the receipt says it and the ledger finds it by. */
  readonly issuedAt: Temporal.Instant;
}

/**
 * Accepts an appointment: checked, sealed, written, read back, and only then answered.
 *
 * Requests that come together share one transaction; each fails for its own reason alone. After
 * COMMIT a new snapshot is read and compared with what was written, so that "accepted" never means
 * less than "stored".
 *
 * @throws {AppError} `invalid_request` with every fault, `stale_revision`, `revision_required`,
 *   `busy`, `key_missing`, `not_stored`, `unavailable`
 */
export function createPutAppointment(
  deps: PutAppointmentDeps,
): (input: PutAppointmentInput) => Promise<PutAnswer> {
  const commit = createGroupCommit<Operation, Accepted>({
    keyOf: appointmentKeyText,
    sizeMax: limits.acceptBatchMax,
    waitingMax: limits.acceptWaitingMax,
    overflow: () => new AppError('unavailable', { retryAfterS: 2 }),
    commit: (group) => commitGroup(deps, group),
    isHopeless: (error) => error instanceof AppError && error.code === 'unavailable',
  });

  return async ({ organisationId, mode, reference, body }) => {
    // As the store tells it later: one reminder has one send time, whenever it is asked for.
    const now = deps.now().round({ smallestUnit: 'millisecond', roundingMode: 'floor' });
    const checked = checkRequest(body.reveal(), {
      organisation: await deps.settingsOf(organisationId),
      mode,
      channelsAvailable: deps.channelsAvailable(),
      now,
      random: deps.random,
    });
    if (!checked.ok) throw new AppError('invalid_request', { fields: checked.errors });
    const { request } = checked;
    const content = prepareContent(body.reveal()).plaintext;
    const key = { organisationId, mode, reference };
    const issuedAt = now.round({ smallestUnit: 'second', roundingMode: 'floor' });
    const operation = { ...key, id: randomUUID(), request, content, issuedAt };
    const accepted = await commit(operation).catch(asBusy);
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
}

/** Lock time-outs and deadlocks that remain when a row is redone alone. */
function asBusy(error: unknown): never {
  const state = sqlState(error);
  if (state === '55P03' || state === '40P01' || state === '40001') {
    throw new AppError('busy', { retryAfterS: 1, cause: error });
  }
  throw error;
}

async function commitGroup(
  deps: PutAppointmentDeps,
  group: readonly Operation[],
): Promise<Outcome<Accepted>[]> {
  const organisationIds = [...new Set(group.map(({ organisationId }) => organisationId))];
  const outcomes = await deps.database.transaction(
    organisationIds,
    async (connection) => {
      const decided = await decideGroup(deps, connection, group);
      const accepted = decided.filter(isOk).map(({ value }) => value);
      await writeAcceptedVersions(connection, accepted);
      for (const linkId of accepted.flatMap(({ decision }) => decision.revokedLinkIds)) {
        await deps.journal.append({ kind: 'link_revocation', linkId });
      }
      return decided;
    },
    { lockTimeoutMs: limits.lockTimeoutMs },
  );
  return refuseUnfaithful(deps, organisationIds, outcomes);
}

async function decideGroup(
  deps: PutAppointmentDeps,
  connection: Connection,
  group: readonly Operation[],
): Promise<Outcome<Accepted>[]> {
  const createdIds = await insertMissingAppointments(connection, group.map(missingRow));
  const existing = group.filter(({ id }) => !createdIds.has(id));
  const locked = await lockAppointments(connection, existing);
  const tombstones =
    existing.length > locked.size ? await readTombstoneRevisions(connection, existing) : new Map();

  const outcomes: Outcome<Accepted>[] = [];
  for (const operation of group) {
    const key = appointmentKeyText(operation);
    const stored = locked.get(key);
    const created = createdIds.has(operation.id);
    const { revision } = operation.request.wanted;
    const refusal = stored
      ? refuseRevision(stored.revision, revision)
      : created
        ? undefined
        : refuseRevision(tombstones.get(key) ?? null, revision, { strictlyAbove: true });
    if (refusal) {
      outcomes.push({ ok: false, error: new AppError(refusal) });
    } else if (!stored && !created) {
      // Deleted between our insert and our lock: the same request finds a free reference next time.
      outcomes.push({ ok: false, error: new AppError('busy', { retryAfterS: 1 }) });
    } else {
      const decision = decidePut(stored, operation.request.wanted);
      outcomes.push({ ok: true, value: await seal(deps, operation, decision, stored) });
    }
  }
  return outcomes;
}

async function seal(
  deps: PutAppointmentDeps,
  operation: Operation,
  decision: PutDecision,
  stored: StoredAppointment | undefined,
): Promise<Accepted> {
  const { organisationId, mode, reference, request, content } = operation;
  const id = stored?.id ?? operation.id;
  const { startsAt, endsAt } = request.wanted;
  return {
    organisationId,
    mode,
    reference,
    id,
    created: stored === undefined,
    receiptId: randomUUID(),
    issuedAt: operation.issuedAt,
    startsAt,
    endsAt,
    linkExpiresAt: request.linkExpiresAt,
    decision,
    stored,
    sealed: await sealAppointment(deps.keys, {
      organisationId,
      appointmentId: id,
      decision,
      request,
      content,
    }),
  };
}

async function refuseUnfaithful(
  { database, log }: PutAppointmentDeps,
  organisationIds: readonly string[],
  outcomes: readonly Outcome<Accepted>[],
): Promise<Outcome<Accepted>[]> {
  const accepted = outcomes.filter(isOk).map(({ value }) => value);
  if (accepted.length === 0) return [...outcomes];
  const unfaithful = new Set(await findUnfaithfulVersions(database, organisationIds, accepted));
  if (unfaithful.size === 0) return [...outcomes];
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

function missingRow({ request: { wanted, linkExpiresAt }, ...operation }: Operation) {
  return {
    ...operation,
    state: wanted.status,
    revision: wanted.revision ?? null,
    startsAt: wanted.startsAt,
    endsAt: wanted.endsAt,
    linkExpiresAt,
  };
}

function isOk<Value>(outcome: Outcome<Value>): outcome is { ok: true; value: Value } {
  return outcome.ok;
}
