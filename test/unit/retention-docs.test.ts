import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keptDaysMax } from '../../config/kept-days.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { shortLived } from '../../src/store/short-lived.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const quoted = (text: string) => Array.from(text.matchAll(/`([^`]+)`/g), ([, word = '']) => word);

/** Rows of the table that says what deletes what. */
const rows = (read('docs/data-protection.md').split('\n## What deletes what\n')[1] ?? '')
  .split('\n## ', 1)
  .join()
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, tables = '', stays = '', deletedBy = '', provedBy = '']) => ({
    ...{ tables: quoted(tables), stays, deletedBy, provedBy: quoted(provedBy) },
  }));

const schema = Array.from(
  read('src/store/schema.sql').matchAll(/^create (?:unlogged )?table (\w+) \(/gm),
  ([, name = '']) => name,
);

describe('what is kept for how long', () => {
  it('is said of every table, once, and of nothing else', () => {
    expect(schema.length).toBeGreaterThan(40);
    expect(rows.flatMap(({ tables }) => tables).toSorted()).toEqual(schema.toSorted());
  });

  it('is said with an end, with what brings it about, and with what proves it', () => {
    for (const { tables, stays, deletedBy, provedBy } of rows) {
      const [table] = tables;
      expect(stays, table).toMatch(/\w/);
      expect(deletedBy, table).toMatch(/\w/);
      expect(provedBy.length, table).toBeGreaterThan(0);
      for (const proof of provedBy) {
        const script = /^npm run (\w+)$/.exec(proof)?.[1];
        const isThere = script
          ? script in packageFile.scripts
          : existsSync(join(root, 'test/integration', proof));
        expect(isThere, `${table}: ${proof}`).toBe(true);
      }
    }
  });

  it('is said of what goes by its own age as the duty does it', () => {
    const byRetire = rows.filter(({ deletedBy }) => deletedBy.includes('`retire`'));
    const told = byRetire.flatMap(({ tables }) => tables);
    for (const { table } of shortLived(keptDaysMax)) expect(told).toContain(table);
  });
});
