import type { AnyConnection } from '../store/database.ts';
import { countLedger, type LedgerLine } from '../store/ledger.ts';

/** One organisation's reminders of one mode: how many were ever accepted, and where they are. */
export interface LedgerAccount {
  readonly organisationId: string;
  readonly mode: LedgerLine['mode'];
  /** Ever, by the events. */
  readonly accepted: number;
  /** That are here. */
  readonly kept: number;
  /** That retention has deleted. */
  readonly carried: number;
  /** States that do not add up: by how many the rows and what was carried forward exceed the events. */
  readonly breaks: readonly { readonly state: string; readonly difference: number }[];
}

/**
 * Proves that accepted = the sum of all states, of everything there is and in one snapshot: for each
 * organisation, mode and state, reminders in it and those deleted from it are as many as the events say.
 */
export async function verifyLedger(
  {
    transaction,
  }: { transaction: <T>(work: (connection: AnyConnection) => Promise<T>) => Promise<T> },
  { organisationId }: { organisationId?: string | undefined },
): Promise<LedgerAccount[]> {
  const lines = await transaction((connection) => countLedger(connection, organisationId));
  const accounts = Map.groupBy(lines, (line) => `${line.organisationId} ${line.mode}`);
  return [...accounts.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const sum = (of: (line: LedgerLine) => number) => same.reduce((all, line) => all + of(line), 0);
    const breaks = same
      .map((line) => ({
        state: line.state,
        difference: line.byRows + line.carried - line.byEvents,
      }))
      .filter(({ difference }) => difference !== 0);
    return [
      {
        ...{ organisationId: first.organisationId, mode: first.mode },
        ...{ accepted: sum((line) => line.byEvents), kept: sum((line) => line.byRows) },
        ...{ carried: sum((line) => line.carried), breaks },
      },
    ];
  });
}
