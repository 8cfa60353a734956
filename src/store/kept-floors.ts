import type { KeptDays } from '../../config/kept-days.ts';
import type { AdminConnection } from './administration.ts';
import type { Database } from './database.ts';

type Floors = Pick<KeptDays, 'events' | 'audit'>;

/**
 * Says how old events and the audit must be before anything deletes them, whoever asks.
 *
 * @returns whether it was otherwise before
 */
export async function setKeptFloors(
  connection: AdminConnection,
  { events, audit }: Floors,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update kept_floors set events_days = $1, audit_days = $2
     where (events_days, audit_days) is distinct from ($1::integer, $2::integer)`,
    [events, audit],
  );
  return rowCount === 1;
}

export async function readKeptFloors(database: Pick<Database, 'query'>): Promise<Floors> {
  const [row] = await database.query<Floors>(
    'select events_days as events, audit_days as audit from kept_floors',
  );
  if (!row) throw new TypeError('floors');
  return row;
}
