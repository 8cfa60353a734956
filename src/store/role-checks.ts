import type { Database } from './database.ts';
import { type DatabaseRole, databaseRoles } from './role-logins.ts';

/** What stands on the server about a role that a process signs in as. */
export interface RoleFacts {
  readonly role: DatabaseRole;
  readonly exists: boolean;
  /** Why row-level security would not hold it, or why it can do more than it should. */
  readonly excess: 'superuser' | 'bypasses' | 'creates_roles' | 'owns' | undefined;
  /** Whether a setting of its own, or of the database, lets it commit before the disk has it. */
  readonly commitsEarly: boolean;
}

/** All roles, as any user may see them; nobody need sign in as each. */
export async function readRoleFacts(database: Pick<Database, 'query'>): Promise<RoleFacts[]> {
  const rows = await database.query<RoleFacts & { role: string }>(
    `select substr(named.name, 7) as role, r.oid is not null as "exists",
       case when r.rolsuper then 'superuser' when r.rolbypassrls then 'bypasses'
         when r.rolcreaterole then 'creates_roles'
         when exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = 'public' and c.relkind in ('r', 'p')
             and pg_has_role(r.oid, c.relowner, 'member')) then 'owns' end as excess,
       coalesce((select split_part(setting, '=', 2) in ('off', 'false', 'no', '0')
         from pg_db_role_setting s cross join unnest(s.setconfig) as setting
         where setting like 'synchronous_commit=%' and s.setrole in (0, r.oid)
           and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
         order by (s.setrole <> 0)::int * 2 + (s.setdatabase <> 0)::int desc limit 1), false)
         as "commitsEarly"
     from unnest($1::text[]) as named (name) left join pg_roles r on r.rolname = named.name`,
    [databaseRoles.map((role) => `sotto_${role}`)],
  );
  return rows.map((row) => ({ ...row, excess: row.excess ?? undefined }));
}
