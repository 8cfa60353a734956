import type { Database } from './database.ts';
import type { DatabaseRole } from './role-logins.ts';

const oldestServerVersion = 150_000;

interface Facts {
  fsync: string;
  synchronous_commit: string;
  full_page_writes: string;
  server_version_num: string;
  max_connections: string;
  role: string;
  superuser: boolean;
  bypasses: boolean;
  owns: boolean;
}

/**
 * What is unsafe about the server or the user this process signs in as, one line each.
 *
 * A role that may bypass row-level security or own a table would void the bounds between
 * organisations; a server that does not sync would answer "stored" for what a power cut takes.
 *
 * @param connectionsMax what this deployment's processes may open together
 */
export async function findUnsafeSettings(
  database: Database,
  { role, connectionsMax }: { role: DatabaseRole; connectionsMax: number },
): Promise<string[]> {
  const [facts] = await database.query<Facts & Record<string, unknown>>(`
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
      current_setting('full_page_writes') as full_page_writes,
      current_setting('server_version_num') as server_version_num,
      current_setting('max_connections') as max_connections,
      r.rolname as role, r.rolsuper as superuser, r.rolbypassrls as bypasses,
      exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p')
          and pg_has_role(r.oid, c.relowner, 'member')) as owns
    from pg_roles r where r.rolname = current_user`);
  if (!facts) return ['PostgreSQL did not say who we are.'];
  const problems: string[] = [];
  for (const name of ['fsync', 'full_page_writes'] as const) {
    if (facts[name] !== 'on')
      problems.push(`PostgreSQL setting ${name} is off: accepted would not mean stored.`);
  }
  if (facts.synchronous_commit === 'off') {
    problems.push('PostgreSQL setting synchronous_commit is off: accepted would not mean stored.');
  }
  if (Number(facts.server_version_num) < oldestServerVersion) {
    problems.push('PostgreSQL is older than version 15.');
  }
  if (Number(facts.max_connections) < connectionsMax) {
    problems.push(
      `PostgreSQL allows ${facts.max_connections} connections, ${connectionsMax} may be needed.`,
    );
  }
  if (facts.role !== `sotto_${role}`) problems.push(`DATABASE_URL must sign in as sotto_${role}.`);
  if (facts.superuser) problems.push('The database user is a superuser.');
  if (facts.bypasses) problems.push('The database user bypasses row-level security.');
  if (facts.owns) problems.push('The database user owns tables.');
  return problems;
}
