import { runMigrations } from 'bullmq';
import pg from 'pg';
import type { Secret } from '../domain/secret.ts';
import { queueSchema } from './queue-backend.ts';

/**
 * Makes the queue's schema, or brings it up to date, and lets the scheduler ring, workers hear and
 * operators look.
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

/** Operators see jobs, remove them and let them wait again; they add none, and change nothing in one. */
const watching = `
  grant usage on schema ${queueSchema} to sotto_ops;
  grant execute on function ${queueSchema}.get_range, ${queueSchema}.remove,
    ${queueSchema}.reprocess_job, ${queueSchema}.publish_event, ${queueSchema}.dedup_on_removal,
    ${queueSchema}.move_parent_to_wait to sotto_ops;
  grant select on ${queueSchema}.migration, ${queueSchema}.meta, ${queueSchema}.job,
    ${queueSchema}.job_dependency, ${queueSchema}.dedup, ${queueSchema}.event to sotto_ops;
  grant update (state, seq, process_at_ms, processed_at_ms, finished_at_ms, return_value,
    failed_reason, stacktrace, attempts_made, attempts_started, pending_deps)
    on ${queueSchema}.job to sotto_ops;
  grant update (status, value) on ${queueSchema}.job_dependency to sotto_ops;
  grant delete on ${queueSchema}.job, ${queueSchema}.job_dependency, ${queueSchema}.dedup to sotto_ops;
  grant insert, delete on ${queueSchema}.event to sotto_ops;
  grant usage on sequence ${queueSchema}.job_seq, ${queueSchema}.event_seq to sotto_ops;
`;

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
  ${watching}
`;
