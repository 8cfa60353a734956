import { AppError } from '../domain/errors.ts';
import { hasGrownMuch } from '../domain/preview.ts';
import { type ApprovalFault, approvalFault, personOf } from '../domain/second-person.ts';
import { insertAudit } from '../store/audit.ts';
import type { Connection, Database } from '../store/database.ts';
import {
  decideOpsRequest,
  listOpsRequests,
  lockOpsRequest,
  type OpsRequest,
  readOpsRequest,
} from '../store/ops-requests.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import { endPauseWithin } from './end-pause.ts';
import { previewRedrive } from './preview-redrive.ts';
import { type Actor, redriveDeadLetters } from './redrive-dead-letters.ts';
import { filterOfRequest } from './redrive-or-ask.ts';

export type { OpsRequest } from '../store/ops-requests.ts';

/** Who is said to have declined what grew so much that it must be asked for anew. */
const outgrown = 'nobody: far more was to be touched by then';

interface Deps {
  readonly database: Pick<Database, 'transaction' | 'query'>;
}

export type RequestEnd =
  | { readonly kind: 'declined' }
  | { readonly kind: 'done'; readonly count: number }
  /** Nothing was done: not theirs to approve, or no more to be decided. */
  | { readonly kind: ApprovalFault }
  /** Nothing was done: far more would be touched now, or what was to be resumed is over. */
  | { readonly kind: 'grown' | 'over' };

export async function readRequests({ database }: Deps): Promise<OpsRequest[]> {
  return database.transaction([], listOpsRequests);
}

/** @throws {AppError} `not_found` */
export async function readRequest(
  { database }: Deps,
  { requestId }: { requestId: string },
): Promise<OpsRequest> {
  const request = await database.transaction([], (connection) =>
    readOpsRequest(connection, requestId),
  );
  if (!request) throw new AppError('not_found');
  return request;
}

/**
 * Approves what somebody else has asked for, and does it; or declines it, which whoever asked may do too.
 * That it was decided, and by whom, is a line in the audit beside those of what is done, which name who asked.
 *
 * Of two that decide at the same moment one does. After a crash within many reminders the rest is asked for
 * again.
 *
 * @throws {AppError} `not_found`
 */
export async function decideRequest(
  deps: Deps,
  { requestId, decision, ...by }: { requestId: string; decision: 'approved' | 'declined' } & Actor,
): Promise<RequestEnd> {
  const request = await readRequest(deps, { requestId });
  const fault = approvalFault(request, { actor: by.actor, now: new Date() });
  const isDeclinable = fault === 'own' || fault === 'asker_gone';
  if (fault && !(isDeclinable && decision === 'declined')) return { kind: fault };
  if (decision === 'declined') return decline(deps, request, by);
  const end =
    request.action === 'sending.resume'
      ? await resume(deps, request, by)
      : await redrive(deps, request, by);
  // It would stand in the way of who asks again, with the number of now.
  if (end.kind === 'grown') await endOutgrown(deps, request, by);
  return end;
}

async function decline({ database }: Deps, request: OpsRequest, by: Actor): Promise<RequestEnd> {
  const isDecided = await database.transaction([], (connection) =>
    note(connection, request, { ...by, decision: 'declined' }),
  );
  return { kind: isDecided ? 'declined' : 'decided' };
}

/** Nobody declined it, and whoever pressed wanted it: that is what stands of it. */
async function endOutgrown({ database }: Deps, { id, action }: OpsRequest, by: Actor) {
  await database.transaction([], async (connection) => {
    const decision = { decision: 'declined', by: outgrown, person: outgrown } as const;
    if (!(await decideOpsRequest(connection, { id, ...decision }))) return;
    const subject = `${id} ${action}`;
    await insertAudit(connection, { ...by, action: 'request.outgrown', subject });
  });
}

async function resume({ database }: Deps, request: OpsRequest, by: Actor): Promise<RequestEnd> {
  const organisationIds = await listOrganisationIds(database);
  return database.transaction(organisationIds, async (connection): Promise<RequestEnd> => {
    // First, as whoever declines does: the audit, which all wait for, is written last.
    if (!(await lockOpsRequest(connection, request.id))) return { kind: 'decided' };
    const ended = await endPauseWithin(connection, {
      pauseId: request.details.pause ?? '',
      ...{ shown: request.shown, aloneMax: Number.POSITIVE_INFINITY, organisationIds },
      ...{ actor: request.askedBy, reason: request.reason },
    });
    if (ended.kind !== 'ended') return { kind: ended.kind === 'grown' ? 'grown' : 'over' };
    if (!(await note(connection, request, { ...by, decision: 'approved' }))) {
      // Its hour ended meanwhile; what was done here is taken back.
      throw new AppError('busy', { retryAfterS: 1 });
    }
    return { kind: 'done', count: request.shown };
  });
}

async function redrive(deps: Deps, request: OpsRequest, by: Actor): Promise<RequestEnd> {
  const filter = filterOfRequest(request.details);
  const { go } = await previewRedrive(deps, filter);
  if (hasGrownMuch({ shown: request.shown, now: go })) return { kind: 'grown' };
  const isDecided = await deps.database.transaction([], (connection) =>
    note(connection, request, { ...by, decision: 'approved' }),
  );
  if (!isDecided) return { kind: 'decided' };
  const { askedBy: actor, reason, id: requestId } = request;
  const count = await redriveDeadLetters(deps, { filter, actor, reason, requestId });
  return { kind: 'done', count };
}

/** False when it is decided already, or its hour is over. */
async function note(
  connection: Connection,
  { id, action }: OpsRequest,
  { actor, reason, decision }: Actor & { decision: 'approved' | 'declined' },
): Promise<boolean> {
  const person = personOf(actor);
  if (!(await decideOpsRequest(connection, { id, decision, by: actor, person }))) return false;
  const what = decision === 'approved' ? 'request.approve' : 'request.decline';
  await insertAudit(connection, { actor, action: what, subject: `${id} ${action}`, reason });
  return true;
}
