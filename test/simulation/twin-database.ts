import type { Connection, Database } from '../../src/store/database.ts';
import { connectionOf, createStatementRunner, type StatementCall } from './memory-database.ts';
import type { ResultRow } from './statement.ts';
import { beginChange, type Tables } from './tables.ts';

type Query = Parameters<Database['query']>;
interface Answer {
  readonly rows: readonly Record<string, unknown>[];
  readonly rowCount: number | null;
}

/**
 * Two databases behind one: each statement is run by PostgreSQL and played in memory, and what they
 * answer must be the same.
 *
 * @param onDifference told of each that is not
 */
export function createTwinDatabase(
  real: Database,
  {
    tables,
    nowMs,
    onDifference,
  }: { tables: Tables; nowMs: () => number; onDifference: (what: string) => void },
): Database {
  const play = createStatementRunner();

  function compare(call: StatementCall, played: readonly ResultRow[], { rows, rowCount }: Answer) {
    // What it returns is of every world there was, or of the true server; or it returns nothing but a count.
    if (/list_organisation_ids|database_lives|from receipts/.test(call.text)) return;
    const isCount = rows.length === 0 && played.every((row) => Object.keys(row).length === 0);
    if (isCount && (played.length === 0 || played.length === rowCount)) return;
    // Of a function that returns nothing there is an empty text.
    const columns = Object.keys(rows[0] ?? played[0] ?? {}).filter(
      (name) => rows[0]?.[name] !== '',
    );
    const [mine, theirs] = [played, rows].map((all) => asText(all, columns));
    if (mine === theirs) return;
    onDifference(`${call.name ?? call.text.trim()}\n  played ${mine}\n  true   ${theirs}`);
  }

  return {
    ...real,
    transaction: (ids, work, options) =>
      real.transaction(
        ids,
        async (connection: Connection) => {
          const change = beginChange(tables, nowMs());
          const run = async (call: StatementCall) => {
            const answer = (await connection.query({
              ...call,
              values: [...(call.values ?? [])],
            } as {
              text: string;
            })) as Answer;
            change.preferred = answer.rows.map(({ id }) => id);
            const played = play(change, call);
            compare(call, played, answer);
            return played;
          };
          try {
            return await work(connectionOf(run));
          } catch (error) {
            change.rollBack();
            throw error;
          }
        },
        options,
      ),
    async query(...[text, values, name]: Query) {
      const call = { text, values, name };
      const change = beginChange(tables, nowMs());
      const truly = await real.query(text, values, name).catch((error: unknown) => ({ error }));
      try {
        const played = play(change, call);
        if ('error' in truly) onDifference(`${name ?? text} fails with ${truly.error}`);
        else compare(call, played, { rows: truly, rowCount: truly.length });
        return played as never[];
      } catch (error) {
        change.rollBack();
        if (!('error' in truly)) onDifference(`${name ?? text} was to fail with ${error}`);
        throw error;
      }
    },
  };
}

/** Rows as they can be compared: in any order, moments in milliseconds. */
export function asText(rows: readonly ResultRow[], columns: readonly string[]): string {
  const lines = rows.map((row) =>
    columns.map((name) => `${name}=${valueText(row[name])}`).join(' '),
  );
  return lines.sort().join('; ');
}

function valueText(value: unknown): string {
  if (value instanceof Date) return String(value.getTime());
  if (Buffer.isBuffer(value)) return value.toString('hex');
  return typeof value === 'number' ? String(Math.round(value)) : String(value ?? null);
}
