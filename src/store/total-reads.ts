import type { RunningTotals } from '../domain/queue-measures.ts';
import type { Connection } from './database.ts';

/** The running totals that the scheduler keeps. */
export async function readTotals(connection: Connection): Promise<RunningTotals> {
  // An event from a state to itself told of a flag or a channel; nothing became of the reminder.
  const steps = await connection.query(
    `select mode, channel, to_state as to, sum(count)::float8 as count from total_transitions
     where from_state <> to_state group by 1, 2, 3 order by 1, 2, 3`,
  );
  const handOvers = await connection.query(
    `select mode, transport, outcome, reason_code as code, sum(count)::float8 as count
     from total_hand_overs group by 1, 2, 3, 4 order by 1, 2, 3, 4`,
  );
  const lateness = await connection.query(
    `select mode, channel, count::float8, sum_s as "sumS", within_counts::float8[] as "withinCounts"
     from total_lateness order by 1, 2`,
  );
  const optOuts = await connection.query(
    'select coalesce(sum(count), 0)::float8 as count from total_opt_outs',
  );
  return {
    steps: steps.rows,
    handOvers: handOvers.rows,
    lateness: lateness.rows,
    optOuts: optOuts.rows[0].count,
  };
}
