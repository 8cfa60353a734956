import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environment } from '../../config/env.ts';
import { configTable, envExample, pagesWithTable, withTable } from '../../scripts/env-example.ts';

const root = join(import.meta.dirname, '../..');
const names = Object.keys(environment.shape);
const regenerate = 'run: node scripts/env-example.ts';

describe('.env.example', () => {
  it('is in step with what is read', () => {
    const committed = readFileSync(join(root, '.env.example'), 'utf8');
    expect(committed === envExample(), regenerate).toBe(true);
  });

  it('names each variable once, and changes nothing as it stands', () => {
    const lines = envExample().split('\n');
    expect(
      lines.filter((line) => /^#[A-Z]/.test(line)).map((line) => line.slice(1).split('=')[0]),
    ).toEqual(names);
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });

  it('says of every variable what it means', () => {
    const silent = names.filter(
      (name) => !(environment.shape as Record<string, { description?: string }>)[name]?.description,
    );
    expect(silent).toEqual([]);
  });
});

describe('the table of variables', () => {
  it('has a row for each', () => {
    for (const name of names) expect(configTable()).toContain(`| \`${name}\` |`);
  });

  it('is in step on every page that shows it', () => {
    for (const page of pagesWithTable()) {
      const text = readFileSync(page, 'utf8');
      expect(text, `${page}: no <!-- config:end -->`).toContain('<!-- config:end -->');
      expect(withTable(text) === text, `${page}: ${regenerate}`).toBe(true);
    }
  });

  it('is shown somewhere', () => {
    expect(existsSync(join(root, 'README.md')) && pagesWithTable().length === 0).toBe(false);
  });
});
