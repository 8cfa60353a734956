import type { LaneBehind } from '../domain/lane-behind.ts';
import type { Connection } from './database.ts';

/** Lanes of an organisation in which something that nobody holds back has been due for longer. */
export async function findLanesBehind(
  connection: Connection,
  { organisationId, leastMs }: { organisationId: string; leastMs: number },
): Promise<LaneBehind[]> {
  const { rows } = await connection.query<LaneBehind>({
    name: 'find lanes behind',
    text: `select channel, mode, behind_ms as "behindMs", is_held_up as "isHeldUp"
       from find_lanes_behind(array[$1::uuid], $2 * interval '1 millisecond')`,
    values: [organisationId, leastMs],
  });
  return rows;
}
