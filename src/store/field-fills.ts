import type { FieldFills } from '../domain/field-drift.ts';
import { type OptionalField, optionalFields } from '../domain/optional-fields.ts';
import type { Connection, Database } from './database.ts';

/** Adds to the counts of this hour. */
export async function addFieldFills(
  database: Pick<Database, 'query'>,
  { versions, fills }: FieldFills,
): Promise<void> {
  const counted = Object.entries(fills).filter(([, count]) => count > 0);
  await database.query(
    `insert into field_fills as known (hour, field, count)
     select date_trunc('hour', clock_timestamp()), given.field, given.count
     from unnest($1::text[], $2::bigint[]) as given (field, count) order by given.field
     on conflict (hour, field) do update set count = known.count + excluded.count`,
    [
      ['', ...counted.map(([field]) => field)],
      [versions, ...counted.map(([, count]) => count)],
    ],
  );
}

/** The counts of so many hours up to the last one that is over, and of the same hours of four weeks before. */
export async function readFieldFills(
  connection: Connection,
  hours: number,
): Promise<{ since: Temporal.Instant; now: FieldFills; before: FieldFills[] }> {
  const { rows } = await connection.query<{
    week: number;
    since: Date;
    counts: Readonly<Record<string, number>> | null;
  }>(
    `select w.week, w.since, (select jsonb_object_agg(f.field, f.count) from (
         select field, sum(count) as count from field_fills
         where hour >= w.since and hour < w.until group by field) f) as counts
     from (select week, until - $1 * interval '1 hour' as since, until from (
       select week, date_trunc('hour', now()) - week * interval '7 days' as until
       from generate_series(0, 4) as week) span) w order by w.week`,
    [hours],
  );
  const [now, ...before] = rows.map(({ counts }) => fillsFrom(counts ?? {}));
  return {
    since: Temporal.Instant.fromEpochMilliseconds(rows[0]?.since.getTime() ?? 0),
    now: now ?? fillsFrom({}),
    before,
  };
}

function fillsFrom(counts: Readonly<Record<string, number>>): FieldFills {
  const known = optionalFields.map((field): [OptionalField, number] => [field, counts[field] ?? 0]);
  return { versions: counts[''] ?? 0, fills: Object.fromEntries(known) };
}

/** Deletes what no week is compared with any more. */
export async function deleteOldFieldFills(connection: Connection): Promise<void> {
  await connection.query(`delete from field_fills where hour < now() - interval '36 days'`);
}
