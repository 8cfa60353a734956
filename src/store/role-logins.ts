import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';
import { limits } from '../../config/limits.ts';
import { Secret } from '../domain/secret.ts';

/** The process roles that sign in to PostgreSQL, each as `sotto_<role>`. */
export const databaseRoles = ['api', 'patient', 'ops', 'worker', 'scheduler'] as const;
export type DatabaseRole = (typeof databaseRoles)[number];

/**
 * Gives each role a new password and returns its connection string.
 *
 * The passwords live in the memory of whoever called and in the environment of the role's process;
 * they are stored nowhere, and the next start makes new ones. The server is told what it checks them
 * with and not the passwords, which would stand in its log where that holds statements.
 *
 * @param adminUrl a connection that may alter the roles
 */
export async function createRoleLogins(
  adminUrl: Secret<string>,
): Promise<Record<DatabaseRole, Secret<string>>> {
  const client = new pg.Client({
    connectionString: adminUrl.reveal(),
    application_name: 'sotto roles',
    connectionTimeoutMillis: limits.connectTimeoutMs,
    statement_timeout: 15_000,
  });
  // The statement under way fails of itself; without a listener the process would end.
  client.on('error', () => {});
  await client.connect();
  try {
    const urls: Partial<Record<DatabaseRole, Secret<string>>> = {};
    for (const role of databaseRoles) {
      const password = randomBytes(24).toString('base64url');
      const { rows } = await client.query<{ statement: string }>(
        `select format('alter role %I password %L', $1::text, $2::text) as statement`,
        [`sotto_${role}`, scramVerifier(password)],
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

/**
 * What PostgreSQL keeps of a password, as it would make it itself of this one in ASCII.
 *
 * @see RFC 5802, 3 (SCRAM) and RFC 7677 (SCRAM-SHA-256)
 */
function scramVerifier(password: string): string {
  const iterations = 4_096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
