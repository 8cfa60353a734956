import type { DoubtBooks, DoubtMeasures } from '../domain/doubt-books.ts';
import type { Connection } from './database.ts';

/**
 * The books of all doubts of the organisations that this transaction sees, those that only dropped events
 * told of included. One statement is one snapshot: events and reminders are counted as of the same moment.
 */
export async function readDoubtBooks(connection: Connection): Promise<DoubtBooks> {
  const { rows } = await connection.query({
    name: 'read doubt books',
    text: `with step as (
        select from_state, to_state, reason_code, 1 as count from events
        where from_state = 'uncertain' or to_state = 'uncertain'
        union all
        select c.from_state, c.to_state, c.reason_code, c.count
        from carried_steps c join event_months m on m.month = c.month
        where m.dropped_at is not null and (c.from_state = 'uncertain' or c.to_state = 'uncertain')
      )
      select coalesce(sum(count) filter (where to_state = 'uncertain'), 0)::int as made,
        coalesce(sum(count) filter (where to_state in ('sent', 'delivered', 'undelivered')), 0)::int
          as sent,
        coalesce(sum(count) filter (where to_state = 'scheduled'
          and reason_code in ('not_found', 'not_settled')), 0)::int as resent,
        coalesce(sum(count) filter (where to_state = 'failed'
          and reason_code = 'held_uncertain'), 0)::int as held,
        coalesce(sum(count) filter (where to_state in ('scheduled', 'failed')
          and coalesce(reason_code, '') not in ('not_found', 'not_settled', 'held_uncertain')), 0)::int
          as answered,
        coalesce(sum(count) filter (where to_state in ('cancelled', 'superseded', 'expired',
          'erased')), 0)::int as ended,
        (select count(*)::int from reminders where phase = 'uncertain') as open
      -- An event that leaves a state as it is tells of something else.
      from step where (from_state = 'uncertain') <> (to_state = 'uncertain')`,
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
