import type { SendCheckMeasures } from '../domain/send-check.ts';
import type { Connection } from './database.ts';

/** Of the organisations that the connection may see. */
export async function measureSendChecks(connection: Connection): Promise<SendCheckMeasures> {
  const { rows } = await connection.query<SendCheckMeasures>(
    `select coalesce(sum(proceed_count), 0)::float8 as proceed,
       coalesce(sum(drop_count), 0)::float8 as drop,
       coalesce(sum(inconclusive_count), 0)::float8 as inconclusive,
       coalesce(extract(epoch from clock_timestamp() - min(failing_since)
         filter (where mode = 'live')), 0)::float8 as "failingForS"
     from send_checks`,
  );
  return rows[0] ?? { proceed: 0, drop: 0, inconclusive: 0, failingForS: 0 };
}
