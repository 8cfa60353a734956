import type { ArrayParameter } from '../../src/store/array-parameter.ts';
import type { Connection, Database } from '../../src/store/database.ts';
import { bookingStatements, insertRowsInto } from './booking-statements.ts';
import { checkStatements } from './check-statements.ts';
import { dispatchStatements } from './dispatch-statements.ts';
import { doubtStatements } from './doubt-statements.ts';
import { outcomeStatements } from './outcome-statements.ts';
import { restoreStatements } from './restore-statements.ts';
import type { ResultRow, Statement, Statements } from './statement.ts';
import { beginChange, type Change, type Tables } from './tables.ts';

export const trueStatements: Statements = {
  ...dispatchStatements,
  ...outcomeStatements,
  ...doubtStatements,
  ...bookingStatements,
  ...checkStatements,
  ...restoreStatements,
};

type Query = Parameters<Database['query']>;

/** Ids are passed as the text of an array, and rows as an array a column. */
function asPassed(value: unknown): unknown {
  if (value instanceof Object && 'toPostgres' in value) return (value as ArrayParameter).values;
  const isIds = typeof value === 'string' && value.startsWith('{') && value.endsWith('}');
  return isIds ? value.slice(1, -1).split(',').filter(Boolean) : value;
}

/** Plays one statement onto the tables. */
export function createStatementRunner(
  statements: Statements = trueStatements,
): (change: Change, call: StatementCall) => readonly ResultRow[] {
  const find = createFinder(statements);
  return (change, { name, text, values = [] }) => {
    if (name?.startsWith('insert ') && !(name in statements)) {
      insertRowsInto(change, text, values);
      return [];
    }
    return find(name ?? text)(change, values.map(asPassed));
  };
}

/**
 * A database in memory that knows the store's statements by name, so that the use cases and the store
 * run as they are. A transaction is one step: nothing comes between its statements.
 *
 * @throws for a statement that it does not know
 */
export function createMemoryDatabase(
  tables: Tables,
  { nowMs, statements = trueStatements }: { nowMs: () => number; statements?: Statements },
): Database {
  const run = createStatementRunner(statements);
  return {
    async transaction(_organisationIds, work) {
      const change = beginChange(tables, nowMs());
      try {
        return await work(connectionOf((call) => run(change, call)));
      } catch (error) {
        change.rollBack();
        throw error;
      }
    },
    async query(...[text, values, name]: Query) {
      const change = beginChange(tables, nowMs());
      try {
        return run(change, { text, values, name }) as never[];
      } catch (error) {
        change.rollBack();
        throw error;
      }
    },
    readAs() {
      throw new Error('nothing that is simulated reads so');
    },
    async close() {},
  };
}

export interface StatementCall {
  readonly name?: string | undefined;
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
}

/** The one method of a connection that the store uses. */
export function connectionOf(
  run: (call: StatementCall) => readonly unknown[] | Promise<readonly unknown[]>,
): Connection {
  const query = async (statement: string | StatementCall, values?: readonly unknown[]) => {
    const rows = await run(typeof statement === 'string' ? { text: statement, values } : statement);
    return { rows, rowCount: rows.length };
  };
  return { query } as unknown as Connection;
}

function createFinder(statements: Statements): (key: string) => Statement {
  const found = new Map<string, Statement>(Object.entries(statements));
  return (key) => {
    const known = found.get(key);
    if (known) return known;
    const text = key.replaceAll(/\s+/g, ' ').trim();
    const [name] = Object.keys(statements)
      .filter((beginning) => text.startsWith(beginning))
      .sort((one, other) => other.length - one.length);
    const statement = name === undefined ? undefined : statements[name];
    if (!statement) throw new Error(`the simulation does not know this statement: ${text}`);
    found.set(key, statement);
    return statement;
  };
}
