import { readStandbys } from '../store/standbys.ts';
import type { DatabaseView } from './database-view.ts';
import { counted, type Finding, fine, problem, warning } from './finding.ts';

const notSynchronous =
  'No standby is waited for: one that takes over may lack what was confirmed last.';

/** Whether another server has on disk what this one confirms, and whether it confirms anything. */
export async function checkStandby({ database }: Pick<DatabaseView, 'database'>): Promise<Finding> {
  const { isStandby, names, commits, maySee, synchronousCount, otherCount } =
    await readStandbys(database);
  if (isStandby) {
    return problem('database_standby', {
      text: 'DATABASE_URL leads to a standby: nothing can be written there.',
      mend: 'Let it lead to the server that this one follows, or promote this one once that is gone for good.',
    });
  }
  if (names === '') {
    if (otherCount === 0) return fine('database_standby', 'No standby is waited for.');
    return fine('database_standby', notSynchronous);
  }
  if (commits === 'local') {
    return problem('database_standby', {
      text: `synchronous_standby_names is set and synchronous_commit is local. ${notSynchronous}`,
      mend: 'Set synchronous_commit = on, for the database too, and reload PostgreSQL.',
    });
  }
  if (!maySee) {
    return warning('database_standby', {
      text: 'The user of DATABASE_URL may not see whether the standby that is waited for is connected.',
      mend: 'Look once more as a superuser, or grant pg_read_all_stats.',
    });
  }
  const wanted = countWanted(names);
  if (synchronousCount < wanted) {
    return problem('database_standby', {
      text: `Nothing is confirmed: PostgreSQL waits for ${counted(wanted, 'standby', 'standbys')}, and has ${synchronousCount}.`,
      mend: 'Start the standby. If it is gone for good: alter system reset synchronous_standby_names; select pg_reload_conf();',
    });
  }
  return fine(
    'database_standby',
    `What is confirmed is on the disk of ${counted(wanted, 'standby', 'standbys')} too.`,
  );
}

/** `FIRST 2 (a, b)`, `ANY 2 (a, b)`, `2 (a, b)`, or names alone, which means one of them. */
function countWanted(names: string): number {
  return Number(/^\s*(?:first\s+|any\s+)?(\d+)\s*\(/i.exec(names)?.[1] ?? 1);
}
