import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureMinutes } from '../../src/usecases/measure-minutes.ts';
import { proveLedger } from '../../src/usecases/prove-ledger.ts';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import { silentLog } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type OpsSite, startOpsSite } from '../support/ops-site.ts';
import { plantHandOver, plantReminder, plantStep } from '../support/plant-steps.ts';
import { type ParsedMetric, parseMetrics, promtoolComplaints } from '../support/promtool.ts';

const minuteMs = 60_000;
let database: TestDatabase;
let site: OpsSite;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  await plant();
  site = await startOpsSite(database);
});
afterAll(async () => {
  await site.close();
  await database.drop();
});

async function plant(): Promise<void> {
  const { admin } = database;
  const at = new Date(Date.now() - 10 * minuteMs);
  await admin.query(`update measuring set measured_until = date_trunc('minute', $1::timestamptz)`, [
    at,
  ]);
  const base = { organisationId, at };
  await plantHandOver(admin, { ...base, lateS: 0.3 });
  await plantHandOver(admin, { ...base, lateS: 7 });
  await plantHandOver(admin, { ...base, channel: 'email', outcome: 'refused', reason: 'timeout' });
  await plantHandOver(admin, { ...base, outcome: 'refused', reason: 'not_started' });
  const doubtful = await plantReminder(admin, {
    ...{ organisationId, state: 'uncertain', sendAt: at },
  });
  const step = { organisationId, at, reminderId: doubtful, from: 'sending' };
  await plantStep(admin, { ...step, to: 'uncertain' });
  // Late proof about what stays as it is.
  await plantStep(admin, { ...step, from: 'expired', to: 'expired' });
  await plantReminder(admin, { organisationId, state: 'failed', sendAt: at, mode: 'test' });
  await plantReminder(admin, { organisationId, state: 'scheduled', sendAt: at });
  await admin.query(
    `insert into suppressions (contact_index, pepper, channel, source, created_at)
     values (sha256('x'), 'p', 'sms', 'reply', $1)`,
    [at],
  );
  for (const name of ['dispatch', 'held-up sms live', 'retire', 'refusing late']) {
    await admin.query(`insert into heartbeats (name, instance, version) values ($1, $2, '0.0.1')`, [
      name,
      randomUUID(),
    ]);
  }
  await measureMinutes({ database: database.open('scheduler') });
  // The life of what is planted here has no beginning: none of the seven adds up.
  await proveLedger({ database: database.open('scheduler'), log: silentLog });
}

async function scrape(): Promise<{ text: string; metrics: Map<string, ParsedMetric> }> {
  const answer = await fetch(`${site.url}/metrics`);
  expect(answer.status).toBe(200);
  const text = await answer.text();
  return { text, metrics: parseMetrics(text) };
}

const sampleOf = (metrics: Map<string, ParsedMetric>, sample: string): number | undefined => {
  const name = sample.split('{')[0] ?? '';
  const metric = metrics.get(name) ?? metrics.get(name.replace(/_(bucket|sum|count)$/, ''));
  return metric?.samples.get(sample);
};

/** The contract with whoever writes alerts: each name, its type, and the labels it has. */
const contract: Record<string, [type: string, labels: string[]]> = {
  api_refusing: ['gauge', ['reason']],
  batches_open: ['gauge', []],
  breaker_open: ['gauge', ['channel', 'mode']],
  build_info: ['gauge', ['version']],
  canary_branches_failing: ['gauge', []],
  canary_last_duration_seconds: ['gauge', []],
  canary_last_success_timestamp_seconds: ['gauge', []],
  dead_letters: ['gauge', ['mode']],
  duplicates_prevented_total: ['counter', []],
  heartbeat_age_seconds: ['gauge', ['duty']],
  incidents_open: ['gauge', ['code']],
  ledger_broken: ['gauge', []],
  ledger_last_proof_timestamp_seconds: ['gauge', []],
  lock_outs: ['gauge', []],
  opt_outs_total: ['counter', []],
  pauses_active: ['gauge', []],
  provider_requests_total: ['counter', ['provider', 'code', 'mode']],
  provider_copies_kept: ['gauge', []],
  provider_copy_oldest_age_seconds: ['gauge', []],
  reminder_lateness_seconds: ['histogram', ['channel', 'mode', 'le']],
  reminder_oldest_due_age_seconds: ['gauge', ['channel', 'mode']],
  reminders: ['gauge', ['state', 'channel']],
  reminders_duplicated: ['gauge', []],
  reminders_due: ['gauge', ['channel', 'mode']],
  reminders_scheduled_estimate: ['gauge', []],
  reminders_total: ['counter', ['state', 'channel', 'mode']],
  retention_last_success_timestamp_seconds: ['gauge', []],
  send_check_failing_seconds: ['gauge', []],
  send_check_questions_total: ['counter', ['answer']],
  uncertain: ['gauge', ['mode']],
  uncertain_late: ['gauge', ['mode']],
  uncertain_oldest_age_seconds: ['gauge', ['mode']],
  webhook_endpoints_disabled: ['gauge', []],
  webhook_oldest_pending_age_seconds: ['gauge', []],
  uncertain_outcomes: ['gauge', ['outcome']],
  uncertain_unaccounted: ['gauge', []],
  workers_connected: ['gauge', []],
};

describe('the metrics', () => {
  it('are what alert rules are written against: these names, types and labels', async () => {
    const { metrics } = await scrape();
    const found = Object.fromEntries(
      [...metrics.values()].map(({ name, type, samples }) => {
        const [first = ''] = samples.keys();
        const labels = [...first.matchAll(/([a-z]+)="/g)].map(([, label]) => label);
        return [name.replace(/^sotto_/, ''), [type, labels]];
      }),
    );
    expect(found).toEqual(contract);
  });

  it('say what is the case', async () => {
    const { metrics } = await scrape();
    const wanted: Record<string, number> = {
      'reminders_due{channel="sms",mode="live"}': 1,
      'reminders_due{channel="email",mode="test"}': 0,
      'dead_letters{mode="test"}': 1,
      'dead_letters{mode="live"}': 0,
      'uncertain{mode="live"}': 1,
      'reminders_total{state="sending",channel="sms",mode="live"}': 3,
      'reminders_total{state="uncertain",channel="sms",mode="live"}': 1,
      'reminders_total{state="expired",channel="sms",mode="live"}': 0,
      'provider_requests_total{provider="sms-twilio",code="accepted",mode="live"}': 2,
      'provider_requests_total{provider="smtp",code="timeout",mode="live"}': 1,
      duplicates_prevented_total: 1,
      opt_outs_total: 1,
      ledger_broken: 7,
      workers_connected: 1,
      'api_refusing{reason="late"}': 1,
      'api_refusing{reason="full"}': 0,
      'breaker_open{channel="sms",mode="live"}': 1,
      'breaker_open{channel="email",mode="live"}': 0,
      'reminder_lateness_seconds_bucket{channel="sms",mode="live",le="0.25"}': 0,
      'reminder_lateness_seconds_bucket{channel="sms",mode="live",le="0.5"}': 1,
      'reminder_lateness_seconds_bucket{channel="sms",mode="live",le="3600"}': 2,
      'reminder_lateness_seconds_bucket{channel="sms",mode="live",le="+Inf"}': 2,
      'reminder_lateness_seconds_count{channel="sms",mode="live"}': 2,
    };
    const found = Object.keys(wanted).map((name) => [name, sampleOf(metrics, `sotto_${name}`)]);
    expect(Object.fromEntries(found)).toEqual(wanted);
    const sumS = sampleOf(
      metrics,
      'sotto_reminder_lateness_seconds_sum{channel="sms",mode="live"}',
    );
    expect(sumS).toBeCloseTo(7.3, 1);
    const proved = sampleOf(metrics, 'sotto_ledger_last_proof_timestamp_seconds') ?? 0;
    expect(Math.abs(proved - Date.now() / 1_000)).toBeLessThan(60);
    const retired = sampleOf(metrics, 'sotto_retention_last_success_timestamp_seconds') ?? 0;
    expect(Math.abs(retired - Date.now() / 1_000)).toBeLessThan(60);
    expect([...metrics.values()].flatMap(({ samples }) => [...samples.keys()])).not.toContain(
      'sotto_reminders_total{state="not_started"}',
    );
  });

  it('are as Prometheus wants them', async () => {
    const { text, metrics } = await scrape();
    // parseMetrics is strict by itself; where there is promtool, it has the last word.
    expect(promtoolComplaints(text) ?? '').toBe('');
    for (const { name, type, help } of metrics.values()) {
      expect(help.length, name).toBeGreaterThan(10);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
    }
  });

  it('name no id of anything', async () => {
    const { text } = await scrape();
    expect(text).not.toMatch(/[0-9a-f]{8}-?[0-9a-f]{4}/);
  });
});

describe('the counters', () => {
  const counters = (metrics: Map<string, ParsedMetric>) =>
    new Map(
      [...metrics.values()]
        .filter(({ type }) => type !== 'gauge')
        .flatMap(({ samples }) => [...samples]),
    );

  it('never go down: not when minutes go, nor when the process begins again', async () => {
    const before = counters((await scrape()).metrics);
    expect(before.size).toBeGreaterThan(20);
    await database.admin.query(`update minute_transitions set minute = minute - interval '9 days'`);
    await database.admin.query(`update minute_hand_overs set minute = minute - interval '9 days'`);
    await retireExpired({ database: database.open('scheduler'), log: silentLog });
    const left = await database.admin.query('select from minute_transitions');
    expect(left.rowCount).toBe(0);
    await site.close();
    site = await startOpsSite(database);
    expect(counters((await scrape()).metrics)).toEqual(before);

    const at = new Date(Date.now() - 5 * minuteMs);
    await database.admin.query(
      `update measuring set measured_until = date_trunc('minute', $1::timestamptz)`,
      [at],
    );
    await plantHandOver(database.admin, { organisationId, at, lateS: 2 });
    await measureMinutes({ database: database.open('scheduler') });
    const after = counters((await scrape()).metrics);
    for (const [sample, value] of before) expect(after.get(sample)).toBeGreaterThanOrEqual(value);
    const sent = 'sotto_reminders_total{state="sending",channel="sms",mode="live"}';
    expect(after.get(sent)).toBe((before.get(sent) ?? 0) + 1);
  });
});
