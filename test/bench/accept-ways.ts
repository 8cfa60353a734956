import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { limits } from '../../config/limits.ts';
import type { AppointmentRequest, PutAnswer } from '../../src/domain/appointment.ts';
import { decidePut } from '../../src/domain/put-decision.ts';
import type { Secret } from '../../src/domain/secret.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import type { Receipts } from '../../src/keys/receipt.ts';
import { prepareContent } from '../../src/keys/sealing.ts';
import type { SealedAppointment } from '../../src/store/accepted-version.ts';
import { appointmentKeyText } from '../../src/store/appointment-locks.ts';
import type { Database } from '../../src/store/database.ts';
import { findUnfaithfulVersions } from '../../src/store/read-back.ts';
import { acceptGroup, isOk, type PutOperation } from '../../src/usecases/accept-group.ts';
import {
  type CheckContext,
  type CheckedRequest,
  checkRequest,
} from '../../src/usecases/check-request.ts';
import { type Accepted, describeAccepted } from '../../src/usecases/describe-accepted.ts';
import { createGroupCommit } from '../../src/usecases/group-commit.ts';
import type { PutAppointmentInput } from '../../src/usecases/put-appointment.ts';
import { sealAppointment } from '../../src/usecases/seal-appointment.ts';

/** Other ways to accept an appointment than ours, behind the same route. */
export const acceptWays = ['no database', 'no seal', 'one INSERT each'] as const;
export type AcceptWay = (typeof acceptWays)[number];

interface Operation extends PutOperation {
  readonly request: CheckedRequest;
  readonly content: Secret<Buffer>;
}

export interface AcceptWayDeps {
  readonly database: Database;
  /** For the table that is no table of Sotto's. */
  readonly pool: pg.Pool;
  readonly keys: KeyStore;
  readonly receipts: Receipts;
  readonly organisation: (id: string) => Promise<CheckContext['organisation']>;
}

/** Checks, stores in this way, and signs a receipt, as accepting does. */
export function createAcceptWay(
  deps: AcceptWayDeps,
  way: AcceptWay,
): (input: PutAppointmentInput) => Promise<PutAnswer> {
  const store = storeOf(deps, way);
  return async ({ organisationId, mode, reference, body }) => {
    const now = Temporal.Now.instant().round({
      smallestUnit: 'millisecond',
      roundingMode: 'floor',
    });
    const checked = checkRequest(body.reveal(), {
      ...{ organisation: await deps.organisation(organisationId), mode, now },
      ...{ channelsAvailable: ['sms', 'email'], isPortalForAll: false, random: Math.random },
    });
    if (!checked.ok) throw new Error('the request of the benchmark is refused');
    const { request } = checked;
    const key = { organisationId, mode, reference };
    const issuedAt = now.round({ smallestUnit: 'second', roundingMode: 'floor' });
    const content = prepareContent<AppointmentRequest>(body.reveal()).plaintext;
    const accepted = await store({ ...key, id: randomUUID(), request, content, issuedAt });
    const { receipt, receiptSalt } = await deps.receipts.sign({
      ...{ ...key, body, receiptId: accepted.receiptId, appointmentId: accepted.id },
      ...{ version: accepted.decision.version, issuer: 'http://localhost:3000' },
      issuedAt: new Date(issuedAt.epochMilliseconds),
    });
    return { ...describeAccepted(accepted, request.language), receipt, receiptSalt };
  };
}

function storeOf(deps: AcceptWayDeps, way: AcceptWay): (operation: Operation) => Promise<Accepted> {
  if (way === 'no seal') return groupsWithoutSeal(deps);
  if (way === 'no database') return (operation) => sealAlone(deps, operation);
  return async (operation) => {
    const accepted = await sealAlone(deps, operation);
    await insert(deps.pool, accepted);
    return accepted;
  };
}

/** As a new appointment is decided and sealed, and written nowhere. */
async function sealAlone({ keys }: AcceptWayDeps, operation: Operation): Promise<Accepted> {
  const { request, organisationId, id: appointmentId, content } = operation;
  const { startsAt, endsAt } = request.wanted;
  const decision = decidePut(undefined, request.wanted);
  return {
    ...{ ...operation, created: true, receiptId: randomUUID(), startsAt, endsAt },
    ...{ linkExpiresAt: request.linkExpiresAt, decision, stored: undefined },
    sealed: await sealAppointment(keys, {
      ...{ organisationId, appointmentId, decision, request, content },
    }),
  };
}

/** Durable as ours is, in the same groups and rows and read back alike, with nothing sealed. */
function groupsWithoutSeal({
  database,
}: AcceptWayDeps): (operation: Operation) => Promise<Accepted> {
  const journal = { append: async () => {} };
  const seal = async (operation: Operation) => leaveOpen(operation);
  const lateGate = async () => undefined;
  return createGroupCommit<Operation, Accepted>({
    keyOf: appointmentKeyText,
    ...{ sizeMax: limits.acceptBatchMax, waitingMax: limits.acceptWaitingMax },
    overflow: () => new Error('too many wait'),
    isHopeless: () => true,
    async commit(group) {
      const organisationIds = [...new Set(group.map(({ organisationId }) => organisationId))];
      const outcomes = await database.transaction(
        organisationIds,
        (connection) => acceptGroup({ journal, seal, lateGate }, connection, group),
        { lockTimeoutMs: limits.lockTimeoutMs },
      );
      const accepted = outcomes.filter(isOk).map(({ value }) => value);
      await findUnfaithfulVersions(database, organisationIds, accepted);
      return outcomes;
    },
  });
}

/** What sealing would have made, as long as that, in the clear. */
function leaveOpen({ request, content }: Operation): SealedAppointment {
  const reminders = decidePut(undefined, request.wanted).newReminders.map((reminder) => ({
    ...reminder,
    id: randomUUID(),
  }));
  const links = reminders.map(({ id: reminderId, channel }) => ({
    ...{ id: randomUUID(), reminderId, channel },
    ...{ lookup: randomBytes(16), sealPublicKey: randomBytes(32) },
    ...{ note: Buffer.alloc(sealedBytes.note), parcel: Buffer.alloc(sealedBytes.parcel) },
    parcelDay: request.wanted.startsAt.toString().slice(0, 10),
  }));
  return {
    viewMonth: request.linkExpiresAt.toString().slice(0, 7),
    content: Buffer.concat([content.reveal(), Buffer.alloc(sealedBytes.aroundContent)]),
    ...{ reminders, links },
    contentKeys: links.map(({ id: linkId }) => ({
      linkId,
      sealedKey: Buffer.alloc(sealedBytes.contentKey),
    })),
  };
}

/** Of what sealing makes of one appointment with one link. */
const sealedBytes = { note: 403, parcel: 616, contentKey: 241, aroundContent: 106 };

/** The naive table: one row of each appointment with one reminder, found by its reference. */
export const naiveTable = `create table naive_appointments (
  id uuid primary key, organisation_id uuid not null, reference text not null, starts_at timestamptz not null,
  due_at timestamptz not null, not_after timestamptz not null, state text not null default 'scheduled',
  content bytea not null, lookup bytea not null unique, seal_public_key bytea not null, note bytea not null,
  parcel bytea not null, sealed_key bytea not null, created_at timestamptz not null default clock_timestamp(),
  unique (organisation_id, reference));
  create index on naive_appointments (due_at) where state = 'scheduled'`;

async function insert(
  pool: pg.Pool,
  { id, organisationId, reference, sealed, ...accepted }: Accepted,
) {
  const [link] = sealed.links;
  const [reminder] = sealed.reminders;
  await pool.query({
    name: 'insert',
    text: `insert into naive_appointments (id, organisation_id, reference, starts_at, due_at, not_after,
        content, lookup, seal_public_key, note, parcel, sealed_key)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
      on conflict (organisation_id, reference) do update set content = excluded.content,
        starts_at = excluded.starts_at, due_at = excluded.due_at, parcel = excluded.parcel`,
    values: [
      ...[id, organisationId, reference, accepted.startsAt.toString()],
      ...[reminder?.sendAt.toString(), reminder?.notAfter.toString(), sealed.content],
      ...[link?.lookup, link?.sealPublicKey, link?.note, link?.parcel],
      sealed.contentKeys[0]?.sealedKey,
    ],
  });
}
