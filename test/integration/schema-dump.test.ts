import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { schemaFile } from '../../scripts/schema-dump.ts';
import { Secret } from '../../src/domain/secret.ts';
import { testServer } from '../support/test-server.ts';

let schema: string;

beforeAll(async () => {
  schema = await schemaFile(new Secret(testServer().adminUrl));
});

describe('the schema', () => {
  it('stands in src/store/schema.sql as the migrations make it', () => {
    const committed = readFileSync(join(import.meta.dirname, '../../src/store/schema.sql'), 'utf8');
    expect(committed, 'run: node scripts/schema-dump.ts').toBe(schema);
  });

  it('reads the same in every month', () => {
    const names = schema.match(/events_\w*\d{4}\w*/g);
    expect(names).toBeNull();
    expect(schema.match(/^create table events_YYYY_MM /gm)).toHaveLength(1);
  });

  it('forces row-level security on every table but the list of migrations', () => {
    const tables = (pattern: RegExp) => Array.from(schema.matchAll(pattern), ([, name]) => name);
    const all = tables(/^create (?:unlogged )?table (\S+)/gm);
    expect(all.length).toBeGreaterThan(20);
    const bare = all.filter(
      (name) => !tables(/^alter table (\S+) force row level security;/gm).includes(name),
    );
    expect(bare).toEqual(['migrations']);
  });

  it('has no index on reminders that a step within a phase would move', () => {
    const indexes = schema.match(/^create (?:unique )?index \S+ on public\.reminders .*$/gim) ?? [];
    expect(indexes.length).toBeGreaterThan(5);
    for (const index of indexes) expect(index).not.toMatch(/\b(?:state|updated_at)\b/);
    // What searches by state alone reads through all reminders.
    expect(schema).not.toMatch(/\br\.state = '(?:scheduled|expired|failed|uncertain)'/);
  });

  it('is open to nobody in general', () => {
    expect(schema.match(/^grant .* to public;$/gm)).toBeNull();
  });
});
