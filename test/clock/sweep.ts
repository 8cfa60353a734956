import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';

/** What is left, by its name: rows of each table, values of each column of bytes, keys of each kind. */
export type Sweep = ReadonlyMap<string, number>;

/** Looks through the whole database, and through the folder of keys. */
export async function sweep(admin: pg.Pool): Promise<Sweep> {
  const { rows: tables } = await admin.query<{ table: string; bytes: string[] }>(
    `select c.relname as table, array(select a.attname::text from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         and a.atttypid = 'bytea'::regtype order by a.attnum) as bytes
     from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and not c.relispartition order by c.relname`,
  );
  const found = new Map<string, number>();
  for (const { table, bytes } of tables) {
    const counts = ['*', ...bytes].map((column, index) => `count(${column})::int as c${index}`);
    // Of incidents there are none that have to do with anybody here.
    const where = table === 'events' ? 'where incident_id is null' : '';
    const { rows } = await admin.query(`select ${counts.join(', ')} from ${table} ${where}`);
    found.set(table, rows[0].c0);
    for (const [index, column] of bytes.entries()) {
      found.set(`${table}.${column}`, rows[0][`c${index + 1}`]);
    }
  }
  return found;
}

/** Days or months of the keys in a folder of the store, sorted; what is none of those is left out. */
export function keysIn(keysFolder: string, place: string): string[] {
  const folder = join(keysFolder, place);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => /^\d{4}-\d{2}(-\d{2})?(?=\.)/.exec(name)?.[0] ?? [])
    .sort();
}
