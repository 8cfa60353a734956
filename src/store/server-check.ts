import { limits } from '../../config/limits.ts';
import type { Database } from './database.ts';
import { type DatabaseRole, databaseRoles } from './role-logins.ts';

const oldestServerVersion = 150_000;

/** The server, and the user that asks. */
export interface ServerFacts {
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly full_page_writes: string;
  readonly data_checksums: string;
  readonly server_version_num: string;
  readonly max_connections: string;
  readonly role: string;
  readonly superuser: boolean;
  readonly bypasses: boolean;
  readonly owns: boolean;
}

/**
 * What one process of each role may open together: its pool, one for a sender's pace, and the queue's
 * connections for those that ring, hear and watch.
 */
export function connectionBudget(input: { poolMax: number; carriesQueue: boolean }): number {
  // One that hands over for a sender: worker and patient.
  const paces = 2;
  const queueMax = 2 * limits.queueConnectionsMax + limits.boardConnectionsMax;
  return input.poolMax * databaseRoles.length + paces + (input.carriesQueue ? queueMax : 0);
}

/** What is wrong with a server: which setting, and why it matters. */
export interface ServerProblem {
  readonly setting:
    | 'fsync'
    | 'synchronous_commit'
    | 'full_page_writes'
    | 'server_version'
    | 'max_connections';
  readonly text: string;
}

/** @returns undefined where the server knows no role of our name */
export async function readServerFacts(
  database: Pick<Database, 'query'>,
): Promise<ServerFacts | undefined> {
  const [facts] = await database.query<ServerFacts & Record<string, unknown>>(`
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
      current_setting('full_page_writes') as full_page_writes,
      current_setting('data_checksums') as data_checksums,
      current_setting('server_version_num') as server_version_num,
      current_setting('max_connections') as max_connections,
      r.rolname as role, r.rolsuper as superuser, r.rolbypassrls as bypasses,
      exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p')
          and pg_has_role(r.oid, c.relowner, 'member')) as owns
    from pg_roles r where r.rolname = current_user`);
  return facts;
}

/**
 * What makes a server unfit: one that does not sync would answer "stored" for what a power cut takes.
 *
 * @param connectionsMax what this deployment's processes may open together
 */
export function findServerProblems(
  facts: ServerFacts,
  { connectionsMax }: { connectionsMax: number },
): ServerProblem[] {
  const problems: ServerProblem[] = [];
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit'] as const) {
    if (facts[setting] !== 'off') continue;
    const text = `PostgreSQL setting ${setting} is off: accepted would not mean stored.`;
    problems.push({ setting, text });
  }
  if (Number(facts.server_version_num) < oldestServerVersion) {
    problems.push({ setting: 'server_version', text: 'PostgreSQL is older than version 15.' });
  }
  if (Number(facts.max_connections) < connectionsMax) {
    problems.push({
      setting: 'max_connections',
      text: `PostgreSQL allows ${facts.max_connections} connections, ${connectionsMax} may be needed.`,
    });
  }
  return problems;
}

/**
 * What is unsafe about the server or the user this process signs in as, one line each.
 *
 * A role that may bypass row-level security or own a table would void the bounds between
 * organisations.
 */
export async function findUnsafeSettings(
  database: Database,
  { role, connectionsMax }: { role: DatabaseRole; connectionsMax: number },
): Promise<string[]> {
  const facts = await readServerFacts(database);
  if (!facts) return ['PostgreSQL did not say who we are.'];
  const problems = findServerProblems(facts, { connectionsMax }).map(({ text }) => text);
  if (facts.role !== `sotto_${role}`) problems.push(`DATABASE_URL must sign in as sotto_${role}.`);
  if (facts.superuser) problems.push('The database user is a superuser.');
  if (facts.bypasses) problems.push('The database user bypasses row-level security.');
  if (facts.owns) problems.push('The database user owns tables.');
  return problems;
}
