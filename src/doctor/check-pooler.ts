import type { Config } from '../../config/env.ts';
import { canWake } from '../store/can-wake.ts';
import { findPooler } from '../store/pooler.ts';
import { type Finding, fine, problem, warning } from './finding.ts';

type Ways = Pick<Config, 'DATABASE_URL' | 'DATABASE_DIRECT_URL' | 'REDIS_URL'>;

/** What stands between processes and PostgreSQL, and whether bells come past it. */
export async function checkPooler(ways: Ways): Promise<Finding[]> {
  const { DATABASE_URL: url, DATABASE_DIRECT_URL: direct = url, REDIS_URL: redis } = ways;
  if (!url || !direct) return [];
  const { isThere, keepsStatements } = await findPooler(url);
  if (!isThere && direct === url) {
    return [fine('database_pooler', 'No pooler stands between processes and PostgreSQL.')];
  }
  if (!redis && !(await canWake(direct))) {
    return [
      problem('database_pooler', {
        text: 'Who listens for bells is woken by nobody: a pooler stands between.',
        mend: 'Set DATABASE_DIRECT_URL to the same database past it, or REDIS_URL.',
      }),
    ];
  }
  if (!keepsStatements) {
    return [
      warning('database_pooler', {
        text: 'The pooler keeps no prepared statements: each is planned anew.',
        mend: 'Use PgBouncer 1.21 or newer with max_prepared_statements = 200; then start the roles anew.',
      }),
    ];
  }
  return [fine('database_pooler', 'The pooler keeps prepared statements, and bells come past it.')];
}
