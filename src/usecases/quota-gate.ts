import { randomUUID } from 'node:crypto';
import type { Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import {
  type Asked,
  addUsage as addOne,
  type CeilingName,
  type Ceilings,
  ceilingInTheWay,
  isBounded,
  noUsage,
  type Quotas,
  type Usage,
  waitS,
  windowsAt,
} from '../domain/quota.ts';
import type { Secret } from '../domain/secret.ts';
import { createDistinctNumbers, type DistinctNumbers } from '../keys/distinct-numbers.ts';
import {
  type AddedUsage,
  addUsage,
  markRefused,
  readUsage,
  type UsageWindow,
} from '../store/credential-usage.ts';
import type { Connection, Database } from '../store/database.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';

/** Who asks, and how much of it the organisation has this one do. */
export interface QuotaHolder {
  readonly id: string;
  /** Its own, over all organisations that it acts for. */
  readonly quotas: Quotas;
}

/** A PUT on its way, as far as ceilings look at it. */
export interface QuotaRequest {
  readonly organisationId: string;
  readonly mode: Mode;
  readonly credential: QuotaHolder;
  /** Of the organisation. */
  readonly ceilings: Ceilings;
  /** That it may add. */
  readonly reminders: number;
  readonly phone: Secret<string> | undefined;
}

/** What may be accepted now. */
export interface QuotaPass<Request extends QuotaRequest> {
  readonly refused: ReadonlyMap<Request, AppError>;
  /** Counts what was accepted, in its transaction. */
  count(
    connection: Connection,
    accepted: readonly { readonly request: Request; readonly reminders: number }[],
  ): Promise<void>;
}

export interface QuotaGate {
  /**
   * @param connection of the transaction that is to accept them
   * @throws {AppError} `unavailable`
   */
  pass<Request extends QuotaRequest>(
    connection: Connection,
    group: readonly Request[],
  ): Promise<QuotaPass<Request>>;
}

const tellAgainMs = 10_000;

/**
 * Keeps what is accepted under the ceilings of organisations and keys, in every process together: what
 * was accepted is counted by the transaction that accepts it and summed by that of the next group, so that
 * a process can be beyond a ceiling by what the others have in hand at that moment, a group each.
 *
 * Numbers are counted in memory, under a key that goes with the hour; only how many there were is told.
 * What two processes were both sent counts twice, as does what came before a crash: a ceiling is
 * reached too soon rather than too late.
 *
 * A request that is refused leaves a sign for whoever watches for incidents.
 */
export function createQuotaGate({
  database,
  now,
  log,
  openSketch = () => createDistinctNumbers(),
}: {
  database: Pick<Database, 'transaction'>;
  now(): Temporal.Instant;
  log: Log;
  /** What numbers are counted in for an hour. */
  openSketch?: () => DistinctNumbers;
}): QuotaGate {
  const processId = randomUUID();
  let current = {
    hourMs: 0,
    numbers: openSketch(),
    toldAtMs: new Map<string, number>(),
  };

  function hourOf({ hourMs }: UsageWindow): typeof current {
    if (hourMs !== current.hourMs) {
      current = { hourMs, numbers: openSketch(), toldAtMs: new Map() };
    }
    return current;
  }

  function tell(window: UsageWindow, request: QuotaRequest, by: CeilingName, nowMs: number): void {
    const { toldAtMs } = hourOf(window);
    const whose = pairOf(request);
    if (nowMs - (toldAtMs.get(whose) ?? -tellAgainMs) < tellAgainMs) return;
    toldAtMs.set(whose, nowMs);
    const { organisationId, mode, credential } = request;
    const about = { organisationId, mode, credentialId: credential.id };
    log.warn('a ceiling was reached', { ...about, reason: by });
    markRefused(database, window, { ...about, by }).catch((error: unknown) =>
      log.warn('a ceiling could not be told of', errorFacts(error)),
    );
  }

  return {
    async pass(connection, group) {
      const bounded = group.filter(
        ({ ceilings, credential }) => isBounded(ceilings) || isBounded(credential.quotas),
      );
      if (bounded.length === 0) return { refused: new Map(), count: async () => {} };
      const nowMs = now().epochMilliseconds;
      const window = { processId, ...windowsAt(nowMs) };
      const books = await openBooks(connection, { window, group: bounded });
      const { numbers } = hourOf(window);
      const refused = new Map<(typeof group)[number], AppError>();
      for (const request of bounded) {
        const by = books.enter(request, numbers.count);
        if (by) {
          refused.set(request, new AppError('quota_exceeded', { retryAfterS: waitS(by, nowMs) }));
          tell(window, request, by, nowMs);
        } else if (request.phone) {
          numbers.add(
            [organisationOf(request), request.credential.id, pairOf(request)],
            request.phone,
          );
        }
      }
      const isCounted = new Set<QuotaRequest>(bounded);
      return {
        refused,
        async count(connection, accepted) {
          const rows = new Map<string, AddedUsage>();
          for (const { request, reminders } of accepted) {
            if (!isCounted.has(request)) continue;
            const pair = pairOf(request);
            const { organisationId, mode, credential } = request;
            const before = rows.get(pair) ?? { appointments: 0, reminders: 0 };
            rows.set(pair, {
              ...{ organisationId, mode, credentialId: credential.id },
              appointments: before.appointments + 1,
              reminders: before.reminders + reminders,
              numbers: numbers.count(pair),
            });
          }
          if (rows.size > 0) await addUsage(connection, window, [...rows.values()]);
        },
      };
    },
  };
}

/** What was accepted so far, to which the requests of one group are added as they are let through. */
async function openBooks(
  connection: Connection,
  { window, group }: { window: UsageWindow; group: readonly QuotaRequest[] },
) {
  const holders = group.map(({ credential }) => credential);
  const sums = await readUsage(connection, {
    organisationIds: [...new Set(group.map(({ organisationId }) => organisationId))],
    credentialIds: [
      ...new Set(holders.filter(({ quotas }) => isBounded(quotas)).map(({ id }) => id)),
    ],
    window,
  });
  const books = new Map<string, Usage>([...sums.organisations, ...sums.credentials]);
  return {
    /** @returns the ceiling that is in the way; undefined: it was entered */
    enter(request: QuotaRequest, ownNumbers: (whose: string) => number): CeilingName | undefined {
      const { ceilings, credential, reminders, phone } = request;
      const asked: Asked = { reminders, hasNumber: phone !== undefined };
      const accounts = [
        { whose: organisationOf(request), ceilings },
        { whose: credential.id, ceilings: credential.quotas },
      ].map((account) => ({ ...account, usage: books.get(account.whose) ?? noUsage }));
      for (const { whose, usage, ...account } of accounts) {
        const numbersPerHour = usage.numbersPerHour + ownNumbers(whose);
        const by = ceilingInTheWay(account.ceilings, { ...usage, numbersPerHour }, asked);
        if (by) return by;
      }
      // What this process counts of numbers is asked for each time.
      for (const { whose, usage } of accounts) {
        books.set(whose, addOne(usage, { ...asked, hasNumber: false }));
      }
      return undefined;
    },
  };
}

const organisationOf = ({ organisationId, mode }: QuotaRequest) => `${organisationId} ${mode}`;
const pairOf = ({ credential, organisationId }: QuotaRequest) =>
  `${credential.id} ${organisationId}`;
