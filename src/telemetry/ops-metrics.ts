import { Gauge, Registry } from 'prom-client';
import type { Heartbeat, QueueMeasures } from '../domain/queue-measures.ts';

/**
 * What is measured, as Prometheus text. Labels are channels, states and names of duties: no id of
 * anything, and nobody's name.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export async function formatOpsMetrics({
  queue,
  heartbeats,
}: {
  queue: QueueMeasures;
  heartbeats: readonly Heartbeat[];
}): Promise<{ contentType: string; text: string }> {
  const registry = new Registry();
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name: `sotto_${name}`, help, labelNames, registers: [registry] });

  const reminders = gauge('reminders', 'Reminders that something is still to happen to.', [
    'state',
    'channel',
  ]);
  for (const { state, channel, count } of queue.reminders) reminders.set({ state, channel }, count);

  const due = gauge('reminders_due', 'Reminders whose time has come and that nobody has taken.', [
    'channel',
  ]);
  const oldest = gauge(
    'reminder_oldest_due_age_seconds',
    'How long the oldest of them has been due.',
    ['channel'],
  );
  for (const channel of ['sms', 'email'] as const) {
    const measured = queue.due.find((each) => each.channel === channel);
    // An explicit zero: an alert cannot tell a series that is gone from a process that is.
    due.set({ channel }, measured?.count ?? 0);
    oldest.set({ channel }, measured?.oldestAgeS ?? 0);
  }
  gauge('batches_open', 'Batches whose lease has not ended.').set(queue.openBatches);
  gauge('pauses_active', 'Times that sending was stopped by a person and not yet resumed.').set(
    queue.activePauses,
  );
  gauge('workers_connected', 'Workers heard of lately.').set(
    heartbeats.find(({ name }) => name === 'dispatch')?.liveCount ?? 0,
  );
  const age = gauge('heartbeat_age_seconds', 'How long ago a duty was last heard of.', ['duty']);
  for (const { name, ageS } of heartbeats) age.set({ duty: name }, ageS);
  return { contentType: registry.contentType, text: await registry.metrics() };
}
