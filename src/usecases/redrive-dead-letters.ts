import { leastValidityMs } from '../../config/retry.ts';
import { AppError } from '../domain/errors.ts';
import { decideRedrive, type RedriveDecision } from '../domain/redrive.ts';
import { insertAudit } from '../store/audit.ts';
import { type Connection, type Database, sqlState } from '../store/database.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import type { OrganisationName } from '../store/organisation-names.ts';
import {
  lockDeadLetters,
  lockReminder,
  type RedriveCandidate,
  type RedriveFilter,
  readRedriveFacts,
} from '../store/redrives.ts';
import { type LockedStep, writeReminderSteps } from '../store/reminder-steps.ts';

export type { RedriveFilter } from '../store/redrives.ts';

/** Who acts, and why: kept in the audit. */
export interface Actor {
  readonly actor: string;
  readonly reason: string;
}

/** Which dead letters to send again, who says so, and whose approval they have. */
export interface RedriveOrder extends Actor {
  readonly filter: RedriveFilter;
  readonly requestId?: string | undefined;
}

export interface RedriveDeps {
  readonly database: Pick<Database, 'transaction' | 'query'>;
}

/** How many more may go, asked in the transaction in which they do. */
export type RedriveRoom = (connection: Connection) => Promise<number>;

/** What dead letters can be chosen by. */
export interface RedriveChoices {
  readonly codes: readonly string[];
  readonly organisations: readonly OrganisationName[];
}

/** How long a press waits for whoever is changing the same reminder. */
const lockTimeoutMs = 1_000;
const lockNotAvailable = '55P03';
const sliceMax = 500;
/** Of one press; the page says when more are left. */
export const redrivenMax = 10_000;
const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * Sends a failed reminder again, with a new series of attempts: as many, and as far apart, as a new
 * one has. That somebody said stop, and pauses, are asked at the send as ever.
 *
 * Pressed twice it happens once: the second press finds the reminder failed no more. Against a PUT, a
 * DELETE, a late receipt or the deadline the row lock decides, and the loser changes nothing.
 *
 * @param input.room asked where it would go; without it, or with room for one, it goes
 * @throws {AppError} `not_found`; `busy` while somebody else holds the reminder
 */
export async function redriveReminder(
  { database }: RedriveDeps,
  { reminderId, room, ...by }: { reminderId: string; room?: RedriveRoom } & Actor,
): Promise<{ appointmentId: string; decision: RedriveDecision }> {
  const organisationIds = await listOrganisationIds(database);
  return database
    .transaction(
      organisationIds,
      async (connection): Promise<{ appointmentId: string; decision: RedriveDecision }> => {
        const { found } = await lockReminder(connection, reminderId);
        const [candidate] = found ? await readRedriveFacts(connection, [reminderId]) : [];
        if (!candidate) throw new AppError('not_found');
        const { appointmentId, organisationId } = candidate;
        const decision = decideRedrive(candidate, { leastValidityMs });
        if (decision.kind === 'go') {
          if (((await room?.(connection)) ?? 1) <= 0) {
            return { appointmentId, decision: { kind: 'refused', reason: 'alone_limit' } };
          }
          await writeReminderSteps(connection, [stepOf(candidate, decision)], { newSeries: true });
          await insertAudit(connection, {
            ...by,
            action: 'reminder.redrive',
            organisationId,
            subject: reminderId,
          });
        }
        return { appointmentId, decision };
      },
      { lockTimeoutMs },
    )
    .catch(asBusy);
}

/**
 * Sends all dead letters of a filter again, in slices that are each committed with an audit row of
 * their own: whatever dies in between, what was done is told, and what was not is still there to be
 * pressed for. What somebody else is changing at this moment is left to them.
 *
 * @param input.room asked before each slice; absent: as many as one press looks at
 * @returns how many are sent again
 * @throws {AppError} `unavailable`; slices committed before stay
 */
export async function redriveDeadLetters(
  { database }: RedriveDeps,
  { filter, room, ...by }: RedriveOrder & { room?: RedriveRoom },
): Promise<number> {
  const organisationIds = await listOrganisationIds(database);
  let sentAgain = 0;
  for (let after = nobody, seen = 0; seen < redrivenMax; ) {
    const slice = await database.transaction(organisationIds, async (connection) => {
      const countMax = Math.min(sliceMax, (await room?.(connection)) ?? sliceMax);
      if (countMax <= 0) return { seen: 0, last: undefined, sentAgain: 0 };
      return redriveSlice(connection, { filter, after, countMax, ...by });
    });
    sentAgain += slice.sentAgain;
    if (slice.last === undefined) break;
    after = slice.last;
    seen += slice.seen;
  }
  return sentAgain;
}

async function redriveSlice(
  connection: Connection,
  { filter, after, countMax, requestId, ...by }: RedriveOrder & { after: string; countMax: number },
): Promise<{ seen: number; last: string | undefined; sentAgain: number }> {
  const ids = await lockDeadLetters(connection, { ...filter, after, countMax });
  const candidates = await readRedriveFacts(connection, ids);
  const going = candidates.flatMap((candidate): LockedStep[] => {
    const decision = decideRedrive(candidate, { leastValidityMs });
    return decision.kind === 'go' ? [stepOf(candidate, decision)] : [];
  });
  if (going.length > 0) {
    await writeReminderSteps(connection, going, { newSeries: true });
    await insertAudit(connection, {
      ...by,
      action: 'reminders.redrive',
      organisationId: filter.organisationId,
      subject: filterText(filter, going.length, requestId),
    });
  }
  return { seen: ids.length, last: ids.at(-1), sentAgain: going.length };
}

function stepOf(
  { reminderId }: RedriveCandidate,
  { channel, possibleDuplicate }: Extract<RedriveDecision, { kind: 'go' }>,
): LockedStep {
  const step = { from: 'failed', to: 'scheduled', reason: 'redriven', dueInMs: 0 } as const;
  return { ...step, reminderId, channel, possibleDuplicate };
}

function filterText(
  { reasonCode, mode }: RedriveFilter,
  count: number,
  requestId: string | undefined,
): string {
  const approved = requestId === undefined ? '' : ` request=${requestId}`;
  return `code=${reasonCode ?? 'any'} mode=${mode ?? 'any'} count=${count}${approved}`;
}

function asBusy(error: unknown): never {
  if (sqlState(error) === lockNotAvailable) {
    throw new AppError('busy', { retryAfterS: 2, cause: error });
  }
  throw error;
}
