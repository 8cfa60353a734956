import type { DoubtBooks, DoubtMeasures } from '../domain/doubt-books.ts';
import type { Connection } from './database.ts';

/**
 * The books of all doubts of the organisations that this transaction sees. One statement is one
 * snapshot: events and reminders are counted as of the same moment.
 */
export async function readDoubtBooks(connection: Connection): Promise<DoubtBooks> {
  const { rows } = await connection.query({
    name: 'read doubt books',
    text: `select count(*) filter (where e.to_state = 'uncertain')::int as made,
        count(*) filter (where e.to_state in ('sent', 'delivered', 'undelivered'))::int as sent,
        count(*) filter (where e.to_state = 'scheduled'
          and e.reason_code in ('not_found', 'not_settled'))::int as resent,
        count(*) filter (where e.to_state = 'failed'
          and e.reason_code = 'held_uncertain')::int as held,
        count(*) filter (where e.to_state in ('scheduled', 'failed') and coalesce(e.reason_code, '')
          not in ('not_found', 'not_settled', 'held_uncertain'))::int as answered,
        count(*) filter (where e.to_state in ('cancelled', 'superseded', 'expired',
          'erased'))::int as ended,
        (select count(*)::int from reminders where phase = 'uncertain') as open
      from events e
      -- An event that leaves a state as it is tells of something else.
      where (e.from_state = 'uncertain') <> (e.to_state = 'uncertain')
        and (e.from_state = 'uncertain' or e.to_state = 'uncertain')`,
  });
  return rows[0];
}

export async function measureDoubts(connection: Connection): Promise<DoubtMeasures> {
  const { rows } = await connection.query({
    name: 'measure doubts',
    text: `select (select count(distinct reminder_id)::int from attempts
          where proven_copy_at is not null) as duplicated,
        c.count as "copiesKept", c.age_s as "oldestCopyAgeS"
      from (select count(*)::int as count,
          coalesce(extract(epoch from clock_timestamp() - min(copy_owed_at))::float8, 0) as age_s
        from attempts where copy_tries > 0 and copy_gone_at is null) c`,
  });
  const late = await connection.query({
    name: 'count late doubts',
    text: `select mode, count(*)::int as count from reminders where phase = 'uncertain'
      and doubted_at + (not_after - doubted_at) / 2 <= now() group by mode`,
  });
  return { ...rows[0], late: late.rows, books: await readDoubtBooks(connection) };
}
