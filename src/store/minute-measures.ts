import { canaryOrganisationId } from '../domain/canary-branch.ts';
import { latenessBoundsS } from '../domain/lateness.ts';
import type { Connection } from './database.ts';

/** Whole minutes: from the first, up to but not including the last. */
export interface MinuteRange {
  readonly from: Date;
  readonly until: Date;
}

/** What one statement counts at most, unless one minute alone holds more. */
const eventsMax = 50_000;

/**
 * Which minutes may be closed now; empty when `until` is not after `from`.
 *
 * A minute is left open for two minutes, so that outcomes are known, and until every transaction that
 * could have written in it has ended. To know that, a mark is set: a moment, and the id of a transaction
 * that took it later. Once all with lower ids are over, nothing more can come from before that moment.
 * A transaction that lasts for a quarter of an hour is none of ours, and is not waited for.
 */
export async function claimMinutes(connection: Connection): Promise<MinuteRange> {
  const { rows } = await connection.query<{ measured_until: Date; closable_until: Date }>({
    name: 'claim minutes',
    text: `update measuring m set
        settled_until = case when s.oldest >= m.mark_transaction_id then m.mark_at
          else m.settled_until end,
        mark_at = case when r.replaced then now() else m.mark_at end,
        mark_transaction_id = case when r.replaced then pg_current_xact_id()
          else m.mark_transaction_id end
      from (select pg_snapshot_xmin(pg_current_snapshot()) as oldest) s,
        lateral (select s.oldest >= mark.mark_transaction_id
            or mark.mark_at < now() - interval '15 minutes' as replaced from measuring mark) r
      returning m.measured_until, date_trunc('minute', least(now() - interval '2 minutes',
        greatest(m.settled_until, now() - interval '15 minutes'))) as closable_until`,
  });
  const [row] = rows;
  if (!row) return { from: new Date(0), until: new Date(0) };
  return { from: row.measured_until, until: row.closable_until };
}

/** As many of these minutes as one statement should count: a minute at least. */
export async function firstMinutes(
  connection: Connection,
  { from, until }: MinuteRange,
): Promise<MinuteRange> {
  const { rows } = await connection.query<{ until: Date }>(
    `select coalesce((select greatest($1::timestamptz + interval '1 minute',
          date_trunc('minute', created_at))
        from events where created_at >= $1 and created_at < $2
        order by created_at offset ${eventsMax} limit 1), $2::timestamptz) as until`,
    [from, until],
  );
  return { from, until: rows[0]?.until ?? until };
}

/** Counts these minutes, adds them to the totals, and says how far that has gone. */
export async function closeMinutes(connection: Connection, range: MinuteRange): Promise<void> {
  const values = [range.from, range.until];
  // Without names, so that each is planned for its own minutes: a plan for just any part of a month
  // would read every reminder there is.
  await connection.query(countTransitions, values);
  await connection.query(countHandOvers, values);
  await connection.query(countOptOuts, values);
  await connection.query('update measuring set measured_until = $1', [range.until]);
}

/** What the canary does is told by itself: it would look like traffic where there is none. */
const ofCustomers = `e.organisation_id <> '${canaryOrganisationId}'`;

/**
 * A step without its channel, from before it was kept or of an appointment that moves or ends, has the one that its
 * reminder is on. Of columns as they are stored, and of what is behind `offset`, the planner expects few groups:
 * it would else sort all events.
 */
const countTransitions = `
  with step as materialized (
    select s.minute, s.mode, s.channel, coalesce(s.from_state, '') as from_state, s.to_state,
      coalesce(s.reason_code, '') as reason_code,
      count(*) as count, count(*) filter (where s.possible_duplicate) as flagged_count
    from (select date_bin('1 minute', e.created_at, 'epoch') as minute, e.mode,
        coalesce(e.channel, (select r.channel from reminders r where r.id = e.reminder_id)) as channel,
        e.from_state, e.to_state, e.reason_code, e.possible_duplicate
      from events e
      where e.created_at >= $1 and e.created_at < $2 and ${ofCustomers} and e.to_state is not null
      offset 0) s
    where s.channel is not null
    group by s.minute, s.mode, s.channel, s.from_state, s.to_state, s.reason_code
  ), minutes as (
    insert into minute_transitions (minute, mode, channel, from_state, to_state, reason_code, count,
      flagged_count)
    select * from step
  )
  insert into total_transitions as total (mode, channel, from_state, to_state, reason_code, count,
    flagged_count)
  select mode, channel, from_state, to_state, reason_code, sum(count), sum(flagged_count)
  from step group by 1, 2, 3, 4, 5
  on conflict (mode, channel, from_state, to_state, reason_code) do update set
    count = total.count + excluded.count, flagged_count = total.flagged_count + excluded.flagged_count`;

const withinCounts = latenessBoundsS.map((boundS) => `count(*) filter (where late_s <= ${boundS})`);

/**
 * An attempt is found by its reminder and its time: it was written by the statement that wrote the
 * event. What was given up before the provider was asked is no first hand-over; the next one is.
 */
const countHandOvers = `
  with handed as materialized (
    select date_trunc('minute', e.created_at) as minute, e.mode, t.channel, t.transport,
      coalesce(t.outcome, 'unknown') as outcome, coalesce(t.reason_code, '') as reason_code,
      case when t.reason_code is distinct from 'not_started' and (t.number = 1 or not exists (
          select from attempts before where before.reminder_id = e.reminder_id
            and before.number < t.number and before.reason_code is distinct from 'not_started'))
        then greatest(0, extract(epoch from t.started_at - r.send_at))::float8 end as late_s
    from events e
    join reminders r on r.id = e.reminder_id
    cross join lateral (select a.number, a.channel, a.transport, a.outcome, a.reason_code, a.started_at
      from attempts a where a.reminder_id = e.reminder_id
        and a.started_at between e.created_at - interval '20 seconds'
          and e.created_at + interval '20 seconds'
      order by abs(extract(epoch from a.started_at - e.created_at)) limit 1) t
    where e.created_at >= $1 and e.created_at < $2 and ${ofCustomers} and e.to_state = 'sending'
  ), counted as materialized (
    select minute, mode, channel, transport, outcome, reason_code, count(*) as count
    from handed group by 1, 2, 3, 4, 5, 6
  ), minutes as (
    insert into minute_hand_overs (minute, mode, channel, transport, outcome, reason_code, count)
    select * from counted
  ), totals as (
    insert into total_hand_overs as total (mode, channel, transport, outcome, reason_code, count)
    select mode, channel, transport, outcome, reason_code, sum(count) from counted
    group by 1, 2, 3, 4, 5
    on conflict (mode, channel, transport, outcome, reason_code)
      do update set count = total.count + excluded.count
  ), late_minutes as (
    insert into minute_lateness (minute, mode, channel, count, sum_s, p50_s, p95_s, max_s)
    select minute, mode, channel, count(*), sum(late_s),
      percentile_cont(0.5) within group (order by late_s),
      percentile_cont(0.95) within group (order by late_s), max(late_s)
    from handed where late_s is not null group by 1, 2, 3
  )
  insert into total_lateness as total (mode, channel, count, sum_s, within_counts)
  select mode, channel, count(*), sum(late_s), array[${withinCounts.join(', ')}]
  from handed where late_s is not null group by 1, 2
  on conflict (mode, channel) do update set count = total.count + excluded.count,
    sum_s = total.sum_s + excluded.sum_s,
    within_counts = (select array_agg(o.old + o.new order by o.place)
      from unnest(total.within_counts, excluded.within_counts) with ordinality as o (old, new, place))`;

const countOptOuts = `
  with said as materialized (
    select date_trunc('minute', created_at) as minute, channel, source, count(*) as count
    from suppressions where created_at >= $1 and created_at < $2 group by 1, 2, 3
  ), minutes as (
    insert into minute_opt_outs (minute, channel, source, count) select * from said
  )
  insert into total_opt_outs as total (channel, source, count)
  select channel, source, sum(count) from said group by 1, 2
  on conflict (channel, source) do update set count = total.count + excluded.count`;
