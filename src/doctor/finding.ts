/**
 * What is looked at, in the order of the report. A code stands for one thing that can be wrong; what
 * has been said by one is never renamed, for programs read them.
 */
export const checksOf = {
  configuration: ['settings', 'transports', 'trusted_proxies'],
  database: [
    'database_reachable',
    'database_login',
    'database_version',
    'database_durability',
    'database_checksums',
    'database_connections',
    'database_pooler',
    'database_standby',
    'database_roles',
    'database_clock',
    'schema',
    'queue_schema',
    'event_partitions',
  ],
  redis: [
    'redis_reachable',
    'redis_login',
    'redis_version',
    'redis_eviction',
    'redis_cluster',
    'redis_disk',
    'redis_memory',
  ],
  keys: ['key_store', 'vault', 'key_files', 'day_keys', 'view_keys', 'journal', 'high_water_mark'],
  processes: [
    'feed',
    'sweep',
    'dispatch',
    'process_versions',
    'reminders_overdue',
    'reminders_failed',
    'reminders_uncertain',
    'pauses',
    'canary',
  ],
  mail: ['mail_server', 'mail_tls', 'mail_login', 'dns', 'spf', 'dkim', 'dkim_key', 'dmarc', 'mx'],
  sms: ['sms_provider', 'sms_account', 'sms_sender', 'sms_replies', 'sms_send_key', 'sms_clock'],
  addresses: [
    'api_address',
    'patient_address',
    'ops_address',
    'callback_address',
    'certificate',
    'ops_exposed',
  ],
} as const;

export type Group = keyof typeof checksOf;
/** `…_unknown`: a group, or a part of it, could not be looked at. */
export type Check = (typeof checksOf)[Group][number] | `${Group}_unknown`;

export const groups = Object.keys(checksOf) as Group[];

export const severities = ['problem', 'warning', 'fine'] as const;
export type Severity = (typeof severities)[number];

/**
 * One thing that was looked at. Both texts are our own words with names, numbers and times in them:
 * never the value of a secret, never what a server said.
 */
export interface Finding {
  readonly check: Check;
  readonly severity: Severity;
  readonly text: string;
  /** What to do about it; absent where nothing is to be done. */
  readonly mend?: string;
}

interface Ill {
  readonly text: string;
  readonly mend: string;
}

export const problem = (check: Check, ill: Ill): Finding => ({
  check,
  severity: 'problem',
  ...ill,
});
export const warning = (check: Check, ill: Ill): Finding => ({
  check,
  severity: 'warning',
  ...ill,
});
export const fine = (check: Check, text: string): Finding => ({ check, severity: 'fine', text });

export function groupOf(check: Check): Group {
  const found = groups.find(
    (group) =>
      check === `${group}_unknown` || (checksOf[group] as readonly string[]).includes(check),
  );
  if (!found) throw new Error('a check of no group');
  return found;
}

/** "1 day", "3 days". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
