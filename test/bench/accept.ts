/**
 * How fast appointments are accepted, sealed and durable, at a fixed rate of arrival.
 *
 * Open loop: requests leave on time whether or not earlier ones were answered, and latency counts
 * from when a request was due to leave, so that a stall is not hidden by a client that waits.
 *
 *   npm start                                    (in one terminal)
 *   npm run bench:accept -- --rate 500 --seconds 20
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '20' },
    'data-dir': { type: 'string', default: '.data' },
  },
});
const rate = Number(values.rate);
const total = rate * Number(values.seconds);
const facts = JSON.parse(readFileSync(join(values['data-dir'], 'sandbox.json'), 'utf8'));
const agent = new Agent({ keepAlive: true, maxSockets: 200 });
const run = randomUUID().slice(0, 8);
const start = new Date(Date.now() + 30 * 24 * 3_600_000).toISOString();

const latenciesMs: number[] = [];
const statuses = new Map<number | string, number>();
const count = (status: number | string) => statuses.set(status, (statuses.get(status) ?? 0) + 1);

function body(): string {
  return JSON.stringify({
    start,
    timeZone: 'Europe/Paris',
    durationMinutes: 20,
    details: {
      practitioner: 'Dr Example',
      specialty: 'Example',
      place: { name: 'Example house', address: '1 Example Street' },
    },
    recipient: { phone: '+33639980099', language: 'fr', pin: '482913' },
    reminders: [{ before: 'P2D', channel: 'sms' }],
  });
}

function put(index: number, dueAt: number): Promise<void> {
  return new Promise((resolve) => {
    const payload = body();
    const outgoing = request(
      `${facts.apiUrl}/v1/appointments/bench-${run}-${index}`,
      {
        agent,
        method: 'PUT',
        headers: {
          authorization: `Bearer ${facts.apiKey}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(payload),
        },
      },
      (response) => {
        response.resume();
        response.once('end', () => {
          latenciesMs.push(performance.now() - dueAt);
          count(response.statusCode ?? 0);
          resolve();
        });
      },
    );
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      count(error.code ?? 'error');
      resolve();
    });
    outgoing.end(payload);
  });
}

const begun = performance.now();
const pending: Promise<void>[] = [];
await new Promise<void>((done) => {
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - begun) / 1000) * rate));
    for (; sent < due; sent += 1) pending.push(put(sent, begun + (sent / rate) * 1000));
    if (sent < total) return;
    clearInterval(timer);
    done();
  }, 2);
});
await Promise.all(pending);
const elapsedS = (performance.now() - begun) / 1000;
agent.destroy();

const sorted = latenciesMs.toSorted((one, other) => one - other);
const percentile = (share: number) =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
console.log(
  `offered ${rate}/s for ${values.seconds} s, answered ${(sorted.length / elapsedS).toFixed(0)}/s`,
);
console.log(`answers ${[...statuses].map(([status, times]) => `${status}: ${times}`).join(', ')}`);
console.log(
  `latency ms  p50 ${percentile(0.5)}  p95 ${percentile(0.95)}  p99 ${percentile(0.99)}  max ${percentile(1)}`,
);
