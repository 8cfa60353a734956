import assert from 'node:assert/strict';
import type { Secret } from '../domain/secret.ts';
import { type Database, type DatabaseOptions, openDatabase, sqlState } from '../store/database.ts';
import { isReachable } from '../store/reachability.ts';
import { type DatabaseRole, databaseRoles } from '../store/role-logins.ts';
import { readServerFacts, type ServerFacts } from '../store/server-check.ts';
import { type Finding, problem } from './finding.ts';

const statementTimeoutMs = 4_000;

/** The database, signed in to as whoever DATABASE_URL names. */
export interface DatabaseView {
  readonly database: Database;
  readonly facts: ServerFacts;
  /** The process role that it was signed in as; undefined for an administrator. */
  readonly login: DatabaseRole | undefined;
  /** As operators see it: every organisation's states and times. Undefined for who may not. */
  readonly asOps: Database | undefined;
  close(): Promise<void>;
}

/** Opens the database to look at it, or says in one finding why it cannot be. */
export async function openDatabaseView(url: Secret<string>): Promise<DatabaseView | Finding> {
  const options = { url, connectionsMax: 2, applicationName: 'sotto doctor', statementTimeoutMs };
  let database: Database | undefined;
  try {
    database = openDatabase(options);
    const facts = await readServerFacts(database);
    assert(facts, 'whoever signed in is a role');
    const login = databaseRoles.find((role) => facts.role === `sotto_${role}`);
    const asOps = login ? ofOps(login, database) : await openAsOps(options);
    return {
      database,
      facts,
      login,
      asOps,
      async close() {
        for (const each of new Set([database, asOps])) await each?.close();
      },
    };
  } catch (error) {
    void database?.close().catch(() => {});
    return connectionFinding(error);
  }
}

function ofOps(login: DatabaseRole, database: Database): Database | undefined {
  return login === 'ops' ? database : undefined;
}

/** An administrator who is no superuser may not be allowed to, and sees too little as themselves. */
async function openAsOps(options: DatabaseOptions): Promise<Database | undefined> {
  const database = openDatabase({ ...options, actAs: 'ops' });
  if (await isReachable(database)) return database;
  void database.close().catch(() => {});
  return undefined;
}

function connectionFinding(error: unknown): Finding {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  const state = sqlState(cause);
  if (state === undefined) {
    return problem('database_reachable', {
      text: `PostgreSQL does not answer (${codeOf(cause)}).`,
      mend: 'Start it, or correct host and port in DATABASE_URL; is a firewall in between?',
    });
  }
  if (state.startsWith('28')) {
    return problem('database_login', {
      text: 'PostgreSQL refuses the user or the password of DATABASE_URL.',
      mend: 'Correct them, or let this machine in with a line in pg_hba.conf.',
    });
  }
  if (state === '3D000') {
    return problem('database_login', {
      text: 'PostgreSQL has no database of the name in DATABASE_URL.',
      mend: 'Create it and run sotto migrate, or correct the name.',
    });
  }
  if (state === '53300') {
    return problem('database_connections', {
      text: 'PostgreSQL has no connection left.',
      mend: 'Raise max_connections, lower DATABASE_POOL_MAX, or see who holds them all.',
    });
  }
  return problem('database_reachable', {
    text: `PostgreSQL answers and cannot be used (SQLSTATE ${state}).`,
    mend: 'Wait if it is just starting or stopping; else its own log says more.',
  });
}

/** A code of ours or of the system's, never words of a server. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[A-Z_0-9]{3,40}$/.test(code) ? code : 'no answer in time';
}
