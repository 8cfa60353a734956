import { randomUUID } from 'node:crypto';
import { AppError } from '../domain/errors.ts';
import { decidePut, type PutDecision, refuseRevision } from '../domain/put-decision.ts';
import type { StoredAppointment } from '../domain/put-facts.ts';
import type { Journal } from '../journal/journal.ts';
import type { SealedAppointment } from '../store/accepted-version.ts';
import {
  type AppointmentKey,
  appointmentKeyText,
  lockAppointments,
  readTombstoneRevisions,
} from '../store/appointment-locks.ts';
import { insertMissingAppointments, writeAcceptedVersions } from '../store/appointment-writes.ts';
import type { Connection } from '../store/database.ts';
import type { CheckedRequest } from './check-request.ts';
import type { Accepted } from './describe-accepted.ts';
import type { Outcome } from './group-commit.ts';
import type { LateGate } from './late-gate.ts';

/** One checked PUT that is to be stored. */
export interface PutOperation extends AppointmentKey {
  readonly id: string;
  readonly request: Pick<CheckedRequest, 'wanted' | 'linkExpiresAt'>;
  /** A whole second, as the receipt says it and the ledger finds it by. */
  readonly issuedAt: Temporal.Instant;
}

export interface AcceptDeps<Operation extends PutOperation> {
  readonly journal: Pick<Journal, 'append'>;
  readonly seal: (
    operation: Operation,
    appointmentId: string,
    decision: PutDecision,
  ) => Promise<SealedAppointment>;
  /** What may only call off what was booked, without a message; else it is refused with this. */
  readonly overCeiling?: ReadonlyMap<Operation, AppError>;
  /** What a PUT would add too late to be sent. */
  readonly lateGate: LateGate;
}

/**
 * Decides and writes PUTs of different appointments in the caller's transaction: what is missing is
 * inserted, the rest locked, and each decided on what stands there then.
 *
 * @param group sorted by organisation, mode and reference, each once
 * @returns in the order of `group`; what was refused has changed nothing
 */
export async function acceptGroup<Operation extends PutOperation>(
  deps: AcceptDeps<Operation>,
  connection: Connection,
  group: readonly Operation[],
): Promise<Outcome<Accepted>[]> {
  const decided = await decideGroup(deps, connection, group);
  const accepted = decided.filter(isOk).map(({ value }) => value);
  await writeAcceptedVersions(connection, accepted);
  for (const linkId of accepted.flatMap(({ decision }) => decision.revokedLinkIds)) {
    await deps.journal.append({ kind: 'link_revocation', linkId });
  }
  return decided;
}

async function decideGroup<Operation extends PutOperation>(
  deps: AcceptDeps<Operation>,
  connection: Connection,
  group: readonly Operation[],
): Promise<Outcome<Accepted>[]> {
  const { overCeiling = new Map<Operation, AppError>() } = deps;
  const lateIfNew = await refuseLateIfNew(deps, connection, group);
  const creating = group.filter(
    (operation) => !overCeiling.has(operation) && !lateIfNew.has(operation),
  );
  const createdIds = await insertMissingAppointments(connection, creating.map(missingRow));
  const existing = group.filter(({ id }) => !createdIds.has(id));
  const locked = await lockAppointments(connection, existing);
  const tombstones =
    existing.length > locked.size ? await readTombstoneRevisions(connection, existing) : new Map();

  const outcomes: Outcome<Accepted>[] = [];
  for (const operation of group) {
    const key = appointmentKeyText(operation);
    const stored = locked.get(key);
    const created = createdIds.has(operation.id);
    const { wanted } = operation.request;
    const { revision, status } = wanted;
    const limit = overCeiling.get(operation);
    if (limit && !(stored?.state === 'booked' && status === 'cancelled')) {
      outcomes.push({ ok: false, error: limit });
      continue;
    }
    const refusal = stored
      ? refuseRevision(stored.revision, revision)
      : created
        ? undefined
        : refuseRevision(tombstones.get(key) ?? null, revision, { strictlyAbove: true });
    if (refusal) {
      outcomes.push({ ok: false, error: new AppError(refusal) });
    } else if (!stored && !created) {
      // Deleted between our insert and our lock: the same request finds a free reference next time.
      const error = lateIfNew.get(operation) ?? new AppError('busy', { retryAfterS: 1 });
      outcomes.push({ ok: false, error });
    } else {
      const decision = decidePut(stored, { ...wanted, isOverCeiling: limit !== undefined });
      const late = stored && (await refuseLate(deps, connection, operation, decision));
      outcomes.push(
        late
          ? { ok: false, error: late }
          : { ok: true, value: await seal(deps, operation, decision, stored) },
      );
    }
  }
  return outcomes;
}

/** Of each that may be new, before there is a row of it; what is stored is judged by what it would change. */
async function refuseLateIfNew<Operation extends PutOperation>(
  deps: AcceptDeps<Operation>,
  connection: Connection,
  group: readonly Operation[],
): Promise<ReadonlyMap<Operation, AppError>> {
  const refused = new Map<Operation, AppError>();
  for (const operation of group) {
    const decision = decidePut(undefined, operation.request.wanted);
    const error = await refuseLate(deps, connection, operation, decision);
    if (error) refused.set(operation, error);
  }
  return refused;
}

async function refuseLate<Operation extends PutOperation>(
  { lateGate }: AcceptDeps<Operation>,
  connection: Connection,
  { organisationId, mode, request: { wanted } }: Operation,
  { newReminders }: PutDecision,
): Promise<AppError | undefined> {
  return lateGate(connection, { organisationId, mode, wanted, newReminders });
}

async function seal<Operation extends PutOperation>(
  deps: AcceptDeps<Operation>,
  operation: Operation,
  decision: PutDecision,
  stored: StoredAppointment | undefined,
): Promise<Accepted> {
  const { organisationId, mode, reference, request } = operation;
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
    sealed: await deps.seal(operation, id, decision),
  };
}

function missingRow({ request: { wanted, linkExpiresAt }, ...operation }: PutOperation) {
  return {
    ...operation,
    state: wanted.status,
    revision: wanted.revision ?? null,
    startsAt: wanted.startsAt,
    endsAt: wanted.endsAt,
    linkExpiresAt,
  };
}

export function isOk<Value>(outcome: Outcome<Value>): outcome is { ok: true; value: Value } {
  return outcome.ok;
}
