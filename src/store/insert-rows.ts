import { type ArrayParameter, arrayParameter, type ElementTypeName } from './array-parameter.ts';
import type { Connection } from './database.ts';

/** Rows for one table. Names and types are written into the statement and must come from code. */
export interface TableRows<Column extends string = string> {
  readonly table: string;
  /** Name and PostgreSQL type of each column. */
  readonly columns: Readonly<Record<Column, ElementTypeName>>;
  readonly rows: readonly Readonly<Record<Column, unknown>>[];
}

/** Keeps the columns of a table and its rows in step. */
export function tableRows<Column extends string>(rows: TableRows<Column>): TableRows {
  return rows as TableRows;
}

/**
 * Inserts rows of several tables in one statement, and so in one round trip, with one array
 * parameter a column: its text, and with it its plan, is the same for one row and for a thousand.
 *
 * References between the tables hold: PostgreSQL checks them at the end of the statement.
 */
export async function insertRows(
  connection: Connection,
  tables: readonly TableRows[],
): Promise<void> {
  const filled = tables.filter(({ rows }) => rows.length > 0);
  if (filled.length === 0) return;
  const values: ArrayParameter[] = [];
  const inserts = filled.map(({ table, columns, rows }) => {
    const names = Object.keys(columns).join(', ');
    return `insert into ${table} (${names}) select * from ${unnestRows(columns, rows, values)}`;
  });
  const last = inserts.pop();
  const ahead = inserts.map((insert, index) => `inserted_${index} as (${insert})`);
  await connection.query({
    name: `insert ${filled.map(({ table }) => table).join(' ')}`,
    text: `${ahead.length > 0 ? `with ${ahead.join(', ')} ` : ''}${last}`,
    values,
  });
}

/** Rows as one array a column: adds those to `values`, and says how the statement reads them. */
export function unnestRows<Column extends string>(
  columns: Readonly<Record<Column, ElementTypeName>>,
  rows: readonly Readonly<Record<NoInfer<Column>, unknown>>[],
  values: ArrayParameter[],
): string {
  const arrays = Object.entries<ElementTypeName>(columns).map(([name, type]) => {
    const column = rows.map((row) => row[name as Column]);
    return `$${values.push(arrayParameter(type, column))}::${type}[]`;
  });
  return `unnest(${arrays.join(', ')})`;
}
