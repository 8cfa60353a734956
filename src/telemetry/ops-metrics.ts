import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import type { CanaryState } from '../domain/canary-run.ts';
import { channels } from '../domain/channel.ts';
import type { DoubtMeasures } from '../domain/doubt-books.ts';
import { keyMissingSign, refusalReasons, refusingSign } from '../domain/duty-silence.ts';
import { type IncidentCode, incidentCodes } from '../domain/incident.ts';
import { heldUpBeat, lanesOf } from '../domain/lane.ts';
import { latenessBoundsS } from '../domain/lateness.ts';
import type {
  Heartbeat,
  LedgerState,
  QueueMeasures,
  RunningTotals,
} from '../domain/queue-measures.ts';
import { reminderStates } from '../domain/reminder.ts';
import type { SendCheckMeasures } from '../domain/send-check.ts';
import type { WebhookMeasures } from '../domain/webhook.ts';
import { addDoubts } from './doubt-metrics.ts';

export interface OpsMeasures {
  readonly queue: QueueMeasures;
  readonly doubts: DoubtMeasures;
  readonly totals: RunningTotals;
  readonly webhooks: WebhookMeasures;
  readonly sendChecks: SendCheckMeasures;
  readonly heartbeats: readonly Heartbeat[];
  readonly ledger: LedgerState;
  /** Those that nobody has closed. */
  readonly incidents: readonly { readonly code: IncidentCode }[];
  readonly canary: CanaryState;
  /** Of this code. */
  readonly version: string;
  readonly nowMs: number;
}

type Make = ReturnType<typeof makerOf>;

/**
 * What is measured, as Prometheus text. Labels are channels, modes, states, codes and names of duties:
 * no id of anything, and nobody's name. What is always asked for has an explicit zero: an alert cannot
 * tell a series that is gone from a process that is.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export async function formatOpsMetrics(
  measures: OpsMeasures,
): Promise<{ contentType: string; text: string }> {
  const registry = new Registry();
  const make = makerOf(registry);
  addDue(make, measures.queue);
  addHeld(make, measures.queue);
  addDoubts(make, measures.doubts);
  addTotals(make, measures.totals);
  addDuties(make, measures);
  addWebhooks(make, measures.webhooks);
  addSendChecks(make, measures.sendChecks);
  addLedger(make, measures.ledger);
  addIncidents(make, measures.incidents);
  addCanary(make, measures.canary);
  addLateness(registry, measures.totals);
  make
    .gauge('build_info', 'Which version answers here.', ['version'])
    .set({ version: measures.version }, 1);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function makerOf(registry: Registry) {
  const options = <Label extends string>(name: string, help: string, labelNames: Label[]) => ({
    ...{ name: `sotto_${name}`, help, labelNames, registers: [registry] },
  });
  return {
    gauge: <Label extends string>(name: string, help: string, labels: Label[] = []) =>
      new Gauge<Label>(options(name, help, labels)),
    counter: <Label extends string>(name: string, help: string, labels: Label[] = []) =>
      new Counter<Label>(options(name, help, labels)),
  };
}

function addDue({ gauge }: Make, queue: QueueMeasures): void {
  const due = gauge(
    'reminders_due',
    'Reminders whose time has come and that nobody has taken; up to 10000 of each organisation and lane are counted.',
    ['channel', 'mode'],
  );
  const oldest = gauge(
    'reminder_oldest_due_age_seconds',
    'How long the oldest of them has been due; 0 when none is.',
    ['channel', 'mode'],
  );
  for (const { channel, mode } of lanesOf(channels)) {
    const found = queue.due.filter((one) => one.channel === channel && one.mode === mode);
    due.set({ channel, mode }, sum(found));
    oldest.set({ channel, mode }, Math.max(0, ...found.map(({ oldestAgeS }) => oldestAgeS)));
  }
  gauge(
    'reminders_scheduled_estimate',
    'Reminders that are scheduled: counted below 10000, and estimated by the database from there.',
  ).set(queue.scheduledEstimate);
  gauge('batches_open', 'Batches whose lease has not ended.').set(queue.openBatches);
  gauge('pauses_active', 'Times that sending was stopped by a person and not yet resumed.').set(
    queue.activePauses,
  );
}

function addHeld({ gauge }: Make, { held, inHand, lockOuts }: QueueMeasures): void {
  const reminders = gauge('reminders', 'Reminders in hand, in doubt or failed.', [
    'state',
    'channel',
  ]);
  const failed = gauge('dead_letters', 'Reminders that failed and need a person.', ['mode']);
  const uncertain = gauge(
    'uncertain',
    'Reminders whose last send may have gone out or not: they wait for a word of the provider.',
    ['mode'],
  );
  const oldest = gauge(
    'uncertain_oldest_age_seconds',
    'How long the oldest of them has been in doubt; 0 when none is.',
    ['mode'],
  );
  for (const channel of channels) {
    for (const state of ['queued', 'sending', 'uncertain', 'failed'] as const) {
      const all = [...held, ...inHand];
      const found = all.filter((one) => one.state === state && one.channel === channel);
      reminders.set({ state, channel }, sum(found));
    }
  }
  for (const mode of ['live', 'test'] as const) {
    const of = (state: string) => held.filter((one) => one.state === state && one.mode === mode);
    failed.set({ mode }, sum(of('failed')));
    uncertain.set({ mode }, sum(of('uncertain')));
    const ages = of('uncertain').map(({ oldestAgeS }) => oldestAgeS);
    oldest.set({ mode }, Math.max(0, ...ages));
  }
  gauge('lock_outs', 'Factors that wrong answers have locked, of appointments to come.').set(
    lockOuts,
  );
}

function addTotals({ counter }: Make, totals: RunningTotals): void {
  const reminders = counter('reminders_total', 'Steps of reminders into a state.', [
    'state',
    'channel',
    'mode',
  ]);
  // A counter that appears with its first step would never be seen to rise by it.
  for (const { channel, mode } of lanesOf(channels)) {
    for (const state of reminderStates) reminders.inc({ state, channel, mode }, 0);
  }
  for (const { to, channel, mode, count } of totals.steps) {
    reminders.inc({ state: to, channel, mode }, count);
  }
  const requests = counter(
    'provider_requests_total',
    'Messages handed to a provider, by its answer: accepted, or a code that says why not.',
    ['provider', 'code', 'mode'],
  );
  for (const { transport, outcome, code, mode, count } of totals.handOvers) {
    // Given up before the provider was asked.
    if (code === 'not_started') continue;
    requests.inc({ provider: transport, code: code || outcome, mode }, count);
  }
  counter(
    'duplicates_prevented_total',
    'Sends whose outcome was not known and that were not blindly sent again: steps into uncertain.',
  ).inc(sum(totals.steps.filter(({ to }) => to === 'uncertain')));
  counter('opt_outs_total', 'Contact points that said stop.').inc(totals.optOuts);
}

function addDuties({ gauge }: Make, { heartbeats, nowMs }: OpsMeasures): void {
  const beatOf = (wanted: string) => heartbeats.find(({ name }) => name === wanted);
  const workers = beatOf('dispatch')?.liveCount ?? 0;
  gauge('workers_connected', 'Workers heard of lately.').set(workers);
  const lanes = lanesOf(channels);
  const open = gauge('breaker_open', 'Whether every worker finds the provider of a lane down.', [
    'channel',
    'mode',
  ]);
  for (const lane of lanes) {
    const heldUp = beatOf(heldUpBeat(lane))?.liveCount ?? 0;
    open.set({ ...lane }, workers > 0 && heldUp >= workers ? 1 : 0);
  }
  const refusing = gauge(
    'api_refusing',
    'How many API processes have just refused a PUT that they would take at another time: too much waits (full), a channel is behind (late), the database is being compared (restoring).',
    ['reason'],
  );
  for (const reason of refusalReasons) {
    refusing.set({ reason }, beatOf(refusingSign(reason))?.liveCount ?? 0);
  }
  const signs = new Set([
    ...[...lanes.map(heldUpBeat), keyMissingSign],
    ...refusalReasons.map(refusingSign),
  ]);
  const age = gauge('heartbeat_age_seconds', 'How long ago a duty was last heard of.', ['duty']);
  for (const { name, ageS } of heartbeats) {
    if (!signs.has(name)) age.set({ duty: name }, ageS);
  }
  const retired = beatOf('retire');
  gauge(
    'retention_last_success_timestamp_seconds',
    'When what is to be deleted was last deleted; 0: never.',
  ).set(retired ? nowMs / 1_000 - retired.ageS : 0);
}

function addWebhooks({ gauge }: Make, webhooks: WebhookMeasures): void {
  gauge(
    'webhook_oldest_pending_age_seconds',
    'How long the oldest event has waited that an enabled webhook endpoint has not got; 0 for none.',
  ).set(webhooks.oldestPendingAgeS);
  gauge('webhook_endpoints_disabled', 'Webhook endpoints that were given up.').set(
    webhooks.disabledCount,
  );
}

function addSendChecks({ counter, gauge }: Make, checks: SendCheckMeasures): void {
  const { failingForS, ...answers } = checks;
  const questions = counter(
    'send_check_questions_total',
    'Questions to booking systems whether a reminder may go out, by what came of them.',
    ['answer'],
  );
  for (const [answer, count] of Object.entries(answers)) questions.inc({ answer }, count);
  gauge(
    'send_check_failing_seconds',
    'How long the booking system that has given no answer for the longest has given none, of live mode; 0 for none.',
  ).set(failingForS);
}

function addLedger({ gauge }: Make, { brokenCount, provedAt }: LedgerState): void {
  gauge('ledger_broken', 'Reminders whose row and events do not add up.').set(brokenCount);
  gauge(
    'ledger_last_proof_timestamp_seconds',
    'When the ledger was last proved, whatever was found; 0: never.',
  ).set((provedAt?.getTime() ?? 0) / 1_000);
}

function addIncidents({ gauge }: Make, incidents: OpsMeasures['incidents']): void {
  const open = gauge('incidents_open', 'Whether an incident of a code is open.', ['code']);
  for (const code of incidentCodes) {
    open.set({ code }, incidents.filter((one) => one.code === code).length);
  }
}

function addCanary({ gauge }: Make, { lastPassedAt, lastTookS, failingCount }: CanaryState): void {
  gauge(
    'canary_last_success_timestamp_seconds',
    'When an appointment of the canary last came through every door as it was put; 0: not within a week, or it is off.',
  ).set((lastPassedAt?.getTime() ?? 0) / 1_000);
  gauge(
    'canary_last_duration_seconds',
    'How long that took, waiting for its time included; 0 when none passed.',
  ).set(lastTookS ?? 0);
  gauge(
    'canary_branches_failing',
    'Ways through Sotto on which the newest canary was lost, came out different or reached nobody any more.',
  ).set(failingCount);
}

/** prom-client's own histogram observes one by one; these have been counted long ago. */
function addLateness(registry: Registry, { lateness }: RunningTotals): void {
  const name = 'sotto_reminder_lateness_seconds';
  const help = 'How long after its time a reminder was first handed to a provider.';
  const none = { count: 0, sumS: 0, withinCounts: latenessBoundsS.map(() => 0) };
  const values = lanesOf(channels).flatMap(({ channel, mode }) => {
    const counted = lateness.find((one) => one.channel === channel && one.mode === mode);
    const { count, sumS, withinCounts } = counted ?? none;
    const labels = { channel, mode };
    const buckets = [...latenessBoundsS, '+Inf'].map((le, place) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value: withinCounts[place] ?? count,
    }));
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sumS },
      { metricName: `${name}_count`, labels, value: count },
    ];
  });
  const get = async () => ({ name, help, type: 'histogram', values });
  registry.registerMetric({ name, get } as unknown as Metric);
}

function sum(counted: readonly { readonly count: number }[]): number {
  return counted.reduce((total, { count }) => total + count, 0);
}
