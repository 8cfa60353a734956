import type { Connection } from './database.ts';

/**
 * Inserts any number of rows in one statement with one array parameter a column, so that the
 * statement's text, and with it its plan, is the same for one row and for a thousand.
 *
 * @param columns name and PostgreSQL type of each column; both are written into the statement and
 *   must come from code
 */
export async function insertRows<Column extends string>(
  connection: Connection,
  table: string,
  columns: Readonly<Record<Column, string>>,
  rows: readonly Readonly<Record<Column, unknown>>[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(columns) as Column[];
  const arrays = names.map((name, index) => `$${index + 1}::${columns[name]}[]`);
  await connection.query({
    name: `insert ${table} ${names.length}`,
    text: `insert into ${table} (${names.join(', ')}) select * from unnest(${arrays.join(', ')})`,
    values: names.map((name) => rows.map((row) => row[name])),
  });
}
