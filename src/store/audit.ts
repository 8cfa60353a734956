import type { AnyConnection } from './database.ts';

/** What somebody did. */
export interface AuditEntry {
  /** `command line`, or the kind and the id of who acted. */
  readonly actor: string;
  readonly action: string;
  readonly organisationId?: string | undefined;
  readonly subject: string;
  readonly reason?: string | undefined;
}

/** Writes what was done, in its transaction, where it cannot be changed any more. */
export async function insertAudit(connection: AnyConnection, entry: AuditEntry): Promise<void> {
  await connection.query(
    `insert into audit (actor, action, organisation_id, subject, reason)
     values ($1, $2, $3, $4, $5)`,
    [entry.actor, entry.action, entry.organisationId ?? null, entry.subject, entry.reason ?? null],
  );
}

/**
 * Does everything that writing a line does, the durable commit of its transaction too, and leaves none: how long
 * it takes tells nobody which of the two it was.
 */
export async function insertNoAudit(connection: AnyConnection, entry: AuditEntry): Promise<void> {
  await connection.query('savepoint no_line');
  await insertAudit(connection, entry);
  await connection.query('rollback to savepoint no_line');
}
