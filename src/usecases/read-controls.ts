import { AppError } from '../domain/errors.ts';
import type { Connection, Database } from '../store/database.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import { listOrganisationNames, type OrganisationName } from '../store/organisation-names.ts';
import {
  countExpiredSince,
  countExpiringBy,
  countHeldByPause,
  countInTheAir,
  type HeldLane,
  readPauseActor,
} from '../store/pause-measures.ts';
import { listActivePauses, type Pause } from '../store/pauses.ts';
import { pauseSubject } from './pause-sending.ts';

export { countedMax, type HeldLane } from '../store/pause-measures.ts';

/** A pause in force, in names. */
export interface NamedPause extends Pause {
  readonly organisationName: string | undefined;
  readonly actor: string | undefined;
}

export interface Controls {
  /** The oldest first. */
  readonly pauses: readonly NamedPause[];
  readonly organisations: readonly OrganisationName[];
  /** Being handed to a provider at this moment. */
  readonly inTheAir: number;
}

/** What ending a pause would let go, and what leaving it costs. */
export interface PauseCosts {
  readonly pause: NamedPause;
  /** Due and held by this pause alone, by lane. */
  readonly held: readonly HeldLane[];
  readonly heldCount: number;
  /** Expired within its scope since it began. */
  readonly expired: number;
  /** Would expire if it went on until then. */
  readonly expiring: readonly { readonly until: Date; readonly count: number }[];
}

interface Deps {
  readonly database: Pick<Database, 'transaction' | 'query'>;
}

/** What is stopped now, and what can be. */
export async function readControls({ database }: Deps): Promise<Controls> {
  return database.transaction(await listOrganisationIds(database), async (connection) => {
    const organisations = await listOrganisationNames(connection);
    return {
      organisations,
      pauses: await namePauses(connection, organisations),
      inTheAir: await countInTheAir(connection),
    };
  });
}

/**
 * Says what ending a pause would do, and what it costs to leave it, without changing anything. Counts
 * stop at `countedMax`.
 *
 * @param input.until moments up to which the pause might go on
 * @throws {AppError} `not_found` when it is not in force, or not any more
 */
export async function weighPause(
  { database }: Deps,
  { pauseId, until }: { pauseId: string; until: readonly Date[] },
): Promise<PauseCosts> {
  const organisationIds = await listOrganisationIds(database);
  return database.transaction(organisationIds, async (connection) => {
    const names = await listOrganisationNames(connection);
    const pause = (await namePauses(connection, names)).find(({ id }) => id === pauseId);
    if (!pause) throw new AppError('not_found');
    const held = await countHeldByPause(connection, {
      pauseId,
      channel: pause.channel,
      organisationIds:
        pause.organisationId === undefined ? organisationIds : [pause.organisationId],
    });
    const expiring = await countExpiringBy(connection, { ...pause, moments: until });
    return {
      pause,
      held,
      heldCount: held.reduce((sum, { count }) => sum + count, 0),
      expired: await countExpiredSince(connection, pause),
      expiring: until.map((moment, place) => ({ until: moment, count: expiring[place] ?? 0 })),
    };
  });
}

async function namePauses(
  connection: Connection,
  organisations: readonly OrganisationName[],
): Promise<NamedPause[]> {
  const named: NamedPause[] = [];
  for (const pause of await listActivePauses(connection)) {
    const { organisationId } = pause;
    named.push({
      ...pause,
      organisationName: organisations.find(({ id }) => id === organisationId)?.name,
      actor: await readPauseActor(connection, { organisationId, subject: pauseSubject(pause) }),
    });
  }
  return named;
}
