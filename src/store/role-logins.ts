import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Secret } from '../domain/secret.ts';

/** The process roles that sign in to PostgreSQL, each as `sotto_<role>`. */
export const databaseRoles = ['api', 'patient', 'ops', 'worker', 'scheduler'] as const;
export type DatabaseRole = (typeof databaseRoles)[number];

/**
 * Gives each role a new password and returns its connection string.
 *
 * The passwords live in the memory of whoever called and in the environment of the role's process;
 * they are stored nowhere, and the next start makes new ones.
 *
 * @param adminUrl a connection that may alter the roles
 */
export async function createRoleLogins(
  adminUrl: Secret<string>,
): Promise<Record<DatabaseRole, Secret<string>>> {
  const client = new pg.Client({
    connectionString: adminUrl.reveal(),
    application_name: 'sotto roles',
  });
  await client.connect();
  try {
    const urls: Partial<Record<DatabaseRole, Secret<string>>> = {};
    for (const role of databaseRoles) {
      const password = randomBytes(24).toString('base64url');
      const { rows } = await client.query<{ statement: string }>(
        `select format('alter role %I password %L', $1::text, $2::text) as statement`,
        [`sotto_${role}`, password],
      );
      await client.query(rows[0]?.statement ?? '');
      const url = new URL(adminUrl.reveal());
      url.username = `sotto_${role}`;
      url.password = password;
      urls[role] = new Secret(url.href);
    }
    return urls as Record<DatabaseRole, Secret<string>>;
  } finally {
    await client.end();
  }
}
