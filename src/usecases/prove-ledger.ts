import type { Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import {
  type EventPlace,
  findBreaks,
  type LedgerBreak,
  listBroken,
  listChangedAppointments,
  listNextAppointments,
  readLastProof,
  startOfWalk,
  writeProof,
} from '../store/ledger.ts';
import type { Log } from '../telemetry/log.ts';

/** Events whose appointments are looked at in one statement. */
const pageSize = 5_000;
/** Appointments that are looked at in turn in each round: 288,000 a day. */
const walkedMax = 2_000;
/** Kept and named one by one; what is broken beyond that is as broken. */
const breaksMax = 10_000;
const linesMax = 100;

/**
 * Proves, in one snapshot, that what changed since the last proof adds up: each reminder's row is in the
 * state that its events lead to, and in no other. What did not add up before is looked at again until it
 * does. Beside that some thousand appointments are looked at in turn, so that a row that was changed or
 * deleted behind the code's back is found though nothing tells of it.
 *
 * Its cost is that of what changed and not of what is kept. That no appointment is missing as a whole is
 * proved by `verifyLedger`, which reads everything.
 */
export async function proveLedger(deps: {
  database: Pick<Database, 'transaction'>;
  log: Log;
}): Promise<void> {
  const breaks = await deps.database.transaction(
    [],
    async (connection) => {
      if (!(await tryDuty(connection, 'prove ledger'))) return [];
      const since = await readLastProof(connection);
      const found: LedgerBreak[] = await findBreaks(connection, await listBroken(connection));
      let checkedCount = 0;
      let after: EventPlace | undefined;
      do {
        const page = await listChangedAppointments(connection, { since, after, limit: pageSize });
        found.push(...(await findBreaks(connection, page.ids)));
        checkedCount += page.ids.length;
        after = page.last;
      } while (after);
      const next = await listNextAppointments(connection, {
        after: since.walkedTo,
        limit: walkedMax,
      });
      found.push(...(await findBreaks(connection, next)));
      checkedCount += next.length;
      const isAtEnd = next.length < walkedMax;
      const walkedTo = isAtEnd ? startOfWalk : (next.at(-1) ?? startOfWalk);
      const once = onlyOnce(found).slice(0, breaksMax);
      await writeProof(connection, { breaks: once, walkedTo, checkedCount });
      return once;
    },
    { snapshot: true },
  );
  for (const line of addUp(breaks).slice(0, linesMax)) {
    const { organisationId, mode, state, difference } = line;
    deps.log.error('the ledger does not add up', {
      ...{ code: 'ledger_broken', organisationId, mode, state, count: difference },
    });
  }
}

function onlyOnce(breaks: readonly LedgerBreak[]): LedgerBreak[] {
  const keyOf = (one: LedgerBreak) =>
    [one.reminderId, one.organisationId, one.mode, one.state].join(' ');
  return [...new Map(breaks.map((one) => [keyOf(one), one])).values()];
}

type Line = Pick<LedgerBreak, 'organisationId' | 'mode' | 'state' | 'difference'>;

/** By organisation, mode and state. Two that cancel each other out are two breaks, and stay told. */
function addUp(breaks: readonly LedgerBreak[]): Line[] {
  const lines = Map.groupBy(breaks, ({ organisationId, mode, state, difference }) =>
    [organisationId, mode, state, Math.sign(difference)].join(' '),
  );
  return [...lines.values()].flatMap((same) => {
    const [first] = same;
    const difference = same.reduce((sum, one) => sum + one.difference, 0);
    return first ? [{ ...first, difference }] : [];
  });
}
