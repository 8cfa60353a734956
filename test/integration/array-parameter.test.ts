import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { arrayParameter, type ElementTypeName } from '../../src/store/array-parameter.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const instant = (text: string) => Temporal.Instant.from(text);
const given: Record<ElementTypeName, readonly unknown[]> = {
  boolean: [true, false, null],
  bytea: [randomBytes(2_000), Buffer.alloc(0), null],
  int: [0, -1, 2_147_483_647, -2_147_483_648, null],
  text: ['', 'plain', 'Zoë 🦉', '{"quoted",NULL}', null],
  date: ['2026-12-03', '2000-01-01', '1999-12-31', '2028-02-29', null],
  timestamptz: [
    ...[instant('2026-12-03T09:30:00.123456Z'), instant('2000-01-01T00:00:00Z')],
    ...[instant('1970-01-01T00:00:00.001Z'), instant('2126-02-28T23:59:59Z'), null],
  ],
  uuid: [randomUUID(), '00000000-0000-0000-0000-000000000000', null],
};

it.each(Object.entries(given))(
  '%s arrive as PostgreSQL reads them as text',
  async (type, values) => {
    const read = async (some: readonly unknown[]) => {
      const asText = some.map((value) =>
        value instanceof Buffer ? value : (value?.toString() ?? null),
      );
      const { rows } = await database.admin.query(
        `select $1::${type}[] = $2::${type}[] as same, array_length($1::${type}[], 1) as length`,
        [arrayParameter(type as ElementTypeName, some), asText],
      );
      return rows[0];
    };
    expect(await read(values)).toEqual({ same: true, length: values.length });
    expect(await read([])).toEqual({ same: true, length: null });
    expect(await read([values[0]])).toEqual({ same: true, length: 1 });
  },
);

it('what is no id is never sent as one', () => {
  const id = randomUUID();
  const wrong = [
    '',
    id.slice(1),
    `${id}00`,
    id.replace(/^./, 'g'),
    id.toUpperCase().replace(/^./, 'A'),
  ];
  for (const text of wrong) {
    expect(() => arrayParameter('uuid', [text]).toPostgres(), text).toThrow('an id is none');
  }
});
