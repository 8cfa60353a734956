import { runMigrations } from 'bullmq';
import pg from 'pg';
import type { Secret } from '../domain/secret.ts';
import { queueSchema } from './queue-backend.ts';

/**
 * Makes the queue's schema, or brings it up to date, and lets the scheduler ring and workers hear.
 *
 * Idempotent, and safe when two do it at once. The roles may touch rows and nothing more: they own
 * nothing there, and nobody else may look in.
 *
 * @param adminUrl a connection that may create schemas
 */
export async function prepareQueue(adminUrl: Secret<string>): Promise<void> {
  const client = new pg.Client({
    connectionString: adminUrl.reveal(),
    application_name: 'sotto queue set-up',
  });
  client.on('error', () => {});
  await client.connect();
  try {
    await runMigrations(client, queueSchema);
    await client.query('begin');
    // Two that grant at once would fail on the same catalog rows.
    await client.query(`select pg_advisory_xact_lock(hashtext('sotto prepare queue'))`);
    await client.query(grants);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

const roles = 'sotto_scheduler, sotto_worker';

const grants = `
  revoke all on schema ${queueSchema} from public;
  revoke all on all functions in schema ${queueSchema} from public;
  grant usage on schema ${queueSchema} to ${roles};
  grant execute on all functions in schema ${queueSchema} to ${roles};
  grant select on all tables in schema ${queueSchema} to ${roles};
  grant usage on all sequences in schema ${queueSchema} to ${roles};
  grant insert, update on ${queueSchema}.job, ${queueSchema}.meta to ${roles};
  grant insert, delete on ${queueSchema}.event to ${roles};
  grant delete on ${queueSchema}.job, ${queueSchema}.job_log, ${queueSchema}.job_dependency,
    ${queueSchema}.dedup, ${queueSchema}.dedup_next to sotto_worker;
  grant insert, update on ${queueSchema}.metrics, ${queueSchema}.rate_limit to sotto_worker;
`;
