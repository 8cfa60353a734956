/**
 * Settings of the embedded server, given anew at each start so that an old data folder follows a
 * new version of Sotto.
 *
 * Nothing that was stored or asked for may reach its log: not statements, not parameters, not the
 * texts of errors, which quote values. `log` as the least level leaves out errors and keeps what
 * an operator needs: starts, stops, refused sign-ins, crashes.
 *
 * @see https://www.postgresql.org/docs/18/runtime-config-logging.html
 */
export function postgresSettings({
  port,
  durable,
  others = {},
}: {
  port: number;
  durable: boolean;
  /** Instead of these, by name. */
  others?: Readonly<Record<string, string>> | undefined;
}): string[] {
  const safety = durable ? 'on' : 'off';
  const settings: Record<string, string | number> = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',

    fsync: safety,
    synchronous_commit: safety,
    full_page_writes: safety,

    logging_collector: 'off',
    log_timezone: 'UTC',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_statement: 'none',
    log_min_duration_statement: -1,
    log_parameter_max_length: 0,
    log_parameter_max_length_on_error: 0,
    log_checkpoints: 'off',

    // Small and without idle helpers: it shares a laptop with everything else.
    max_connections: 60,
    shared_buffers: '32MB',
    max_wal_size: '256MB',
    min_wal_size: '32MB',
    autovacuum_max_workers: 2,
    autovacuum_worker_slots: 2,
    max_worker_processes: 0,
    max_parallel_workers_per_gather: 0,
    max_logical_replication_workers: 0,
    max_replication_slots: 0,
    max_wal_senders: 0,
    wal_level: 'minimal',
    io_method: 'sync',
    jit: 'off',
    huge_pages: 'off',
    ...others,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
