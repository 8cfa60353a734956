import type { CanaryState } from '../domain/canary-run.ts';
import type { AnyConnection } from './database.ts';

/**
 * How the canary is, for operators. An address that never answered from here is a set-up to mend and
 * fails nothing; one that did is an outage.
 */
export async function readCanaryState(connection: AnyConnection): Promise<CanaryState> {
  const { rows } = await connection.query<CanaryState>(
    `with told as (select distinct on (branch) branch, outcome from canary_runs
       where outcome not in ('held', 'interrupted') order by branch, ended_at desc),
     newest as (select outcome, findings from canary_runs where ended_at is not null
       order by ended_at desc limit 1)
     select max(r.ended_at) filter (where r.outcome = 'passed') as "lastPassedAt",
       max(r.ended_at) as "lastEndedAt",
       (select extract(epoch from p.ended_at - p.started_at)::float8 from canary_runs p
         where p.outcome = 'passed' order by p.ended_at desc limit 1) as "lastTookS",
       (select count(*) from told where outcome in ('missing', 'different')
         or outcome = 'unreachable' and exists (select from canary_runs
           where outcome = 'passed' and ended_at > now() - interval '7 days'))::int as "failingCount",
       coalesce((select findings from newest where outcome = 'unreachable'), '{}') as unreachable
     from canary_runs r`,
  );
  const none = { lastPassedAt: null, lastEndedAt: null, lastTookS: null };
  return rows[0] ?? { ...none, failingCount: 0, unreachable: [] };
}
