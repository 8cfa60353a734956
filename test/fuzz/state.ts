import type { System } from '../support/system.ts';

/**
 * What requests alone change, each as one figure: what workers and duties do at the same moment does
 * not show in it.
 */
const figures = {
  appointments: `select md5(coalesce(string_agg(id::text || version || state, '' order by id), '')) from appointments`,
  versions: 'select count(*)::text from versions',
  receipts: 'select count(*)::text from receipts',
  links: 'select count(*)::text from links',
  reminders: 'select count(*)::text from reminders',
  organisations: `select md5(string_agg(o::text, '' order by id)) from organisations o`,
  credentials: 'select count(*)::text from credentials where revoked_at is null',
  endpoints: `select md5(coalesce(string_agg(id::text || url, '' order by id), '')) from webhook_endpoints`,
  secrets: 'select count(*)::text from webhook_secrets',
  checks: `select md5(coalesce(string_agg(id::text || url || on_no_answer, '' order by id), '')) from send_checks`,
  suppressions: 'select count(*)::text from suppressions',
  failures: 'select coalesce(sum(failed_count), 0)::text from factor_failures',
  codes: 'select count(*)::text from codes',
  audit: `select count(*)::text from audit where actor like 'credential %'`,
} as const;

export type State = Readonly<Record<keyof typeof figures, string>>;

export async function readState(system: Pick<System, 'look'>): Promise<State> {
  const columns = Object.entries(figures).map(([name, query]) => `(${query}) as ${name}`);
  const [row] = await system.look(`select ${columns.join(', ')}`);
  return row as State;
}

/** The names of the figures that differ. */
export function changes(before: State, after: State): string[] {
  return (Object.keys(figures) as (keyof State)[]).filter((name) => before[name] !== after[name]);
}
