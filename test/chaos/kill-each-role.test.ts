import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type System, startSystem } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';

const count = 1_000;
const victims = ['worker', 'scheduler', 'api', 'patient', 'ops', 'postgres', 'worker'];

let system: System;
beforeAll(async () => {
  system = await startSystem({ LOG_LEVEL: 'info', SMS_PER_SECOND: '100' });
});
afterAll(async () => {
  await system?.stop();
});

/** Reserved fictional numbers, one each, none of those that the sandbox lets misbehave. */
const phone = (index: number) => `+3363998${String(1_000 + index).padStart(4, '0')}`;

async function bookAll(): Promise<void> {
  // Due later than any machine takes to book them, or what came last would be skipped; then all at once.
  const start = Temporal.Now.instant().round('second').add({ minutes: 15 }).toString();
  const book = async (index: number): Promise<void> => {
    const answer = await system.call('PUT', `/v1/appointments/chaos-${index}`, {
      start,
      timeZone: 'Europe/Paris',
      details: { practitioner: 'Dr Example' },
      recipient: { phone: phone(index), language: 'en', pin: '482913' },
      reminders: [{ before: 'PT5M', channel: 'sms' }],
    });
    if (answer.status < 300) return;
    if (answer.status !== 503) throw new Error(`refused: ${answer.text}`);
    // A machine that stood still for a moment cannot store all of them at once.
    await wait(1_000);
    return book(index);
  };
  const indexes = Array.from({ length: count }, (_, index) => index);
  const next = indexes.values();
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      for (const index of next) await book(index);
    }),
  );
  await system.look(
    `update reminders r set due_at = now() from appointments a
     where a.id = r.appointment_id and a.reference like 'chaos-%' and r.state = 'scheduled'`,
  );
}

/** Books on and on, asking again until answered, and returns what was answered 200 or 201. */
async function bookMeanwhile(stopping: AbortSignal): Promise<Map<string, string>> {
  const start = Temporal.Now.instant().round('minute').add({ hours: 72 }).toString();
  const answered = new Map<string, string>();
  const book = async (reference: string) => {
    const answer = await system
      .call('PUT', `/v1/appointments/${reference}`, {
        start,
        timeZone: 'Europe/Paris',
        details: { practitioner: 'Dr Example' },
        recipient: { phone: phone(0), language: 'en', pin: '482913' },
        reminders: [{ before: 'PT5M', channel: 'sms' }],
      })
      .catch(() => undefined);
    if (answer && answer.status < 300) answered.set(reference, JSON.parse(answer.text).id);
    // Away or busy, or cut off: anything else would be a wrong answer.
    else if (answer && answer.status !== 503) throw new Error(`refused: ${answer.text}`);
  };
  await Promise.all(
    Array.from({ length: 4 }, async (_, client) => {
      for (let index = 0; !stopping.aborted; index += 1) {
        const reference = `meanwhile-${client}-${index}`;
        while (!answered.has(reference)) {
          await book(reference);
          await wait(50);
        }
      }
    }),
  );
  return answered;
}

function kill(victim: string): void {
  const pids =
    victim === 'postgres'
      ? [
          Number(
            readFileSync(join(system.dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0],
          ),
        ]
      : system.pidsOf(victim);
  expect(pids, `${victim} runs`).not.toEqual([]);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

/** What each process said last; nothing in it is about anyone. */
function lastLines(): string {
  const folder = join(system.dataDir, 'logs');
  return readdirSync(folder)
    .map(
      (name) =>
        `${name}\n${readFileSync(join(folder, name), 'utf8').split('\n').slice(-8).join('\n')}`,
    )
    .join('\n');
}

/** How many reminders of this test stand in each state; nothing while the database is away. */
async function countStates(): Promise<Map<string, number> | undefined> {
  const rows = await system
    .look(
      `select r.state, count(*)::int as times from reminders r
       join appointments a on a.id = r.appointment_id where a.reference like 'chaos-%' group by 1`,
    )
    .catch(() => undefined);
  return rows && new Map(rows.map((row) => [String(row.state), Number(row.times)]));
}

const countSettled = (states: Map<string, number> | undefined) =>
  (states?.get('delivered') ?? 0) + (states?.get('uncertain') ?? 0);

/** What the peer itself has accepted, by number. */
async function copiesByPhone(): Promise<Map<string, number>> {
  const copies = new Map<string, number>();
  for (const { to } of await system.messages()) copies.set(to, (copies.get(to) ?? 0) + 1);
  return copies;
}

it(`${count} due reminders survive kill -9 of each role and of the postmaster under npm start`, async () => {
  await bookAll();
  await waitFor(async () => ((await countStates())?.get('delivered') ?? 0) > 0, 60_000, 200);
  const stopping = new AbortController();
  const booking = bookMeanwhile(stopping.signal);
  booking.catch(() => {});
  for (const victim of victims) {
    const before = (await copiesByPhone()).size;
    kill(victim);
    // Each is killed while sending goes on: wait until more has gone out since the last one.
    await waitFor(
      async () => {
        const now = (await copiesByPhone()).size;
        if (now >= before + 50) return true;
        // The last ones may never come: who was killed holding them left them in doubt.
        return countSettled(await countStates()) === count;
      },
      60_000,
      100,
    ).catch(async (error: Error) => {
      const states = JSON.stringify([...((await countStates()) ?? [])]);
      throw new Error(`after ${victim}: ${error.message}; ${states}\n${lastLines()}`);
    });
  }
  await waitFor(
    async () => {
      return countSettled(await countStates()) === count;
    },
    150_000,
    500,
  );

  stopping.abort();
  const answered = await booking;
  expect(answered.size).toBeGreaterThan(100);
  const stored = await system.look(
    `select a.reference, a.id, (select count(*)::int from reminders r where r.appointment_id = a.id)
       as reminders
     from appointments a where a.reference like 'meanwhile-%'`,
  );
  expect(new Map(stored.map(({ reference, id }) => [reference, id]))).toEqual(answered);
  expect(stored.filter(({ reminders }) => reminders !== 1)).toEqual([]);

  const copies = await copiesByPhone();
  const rows = await system.look(
    `select a.reference, r.state, r.possible_duplicate from reminders r
     join appointments a on a.id = r.appointment_id where a.reference like 'chaos-%'`,
  );
  const lost: string[] = [];
  const doubled: string[] = [];
  for (const row of rows) {
    const reference = String(row.reference);
    const arrived = copies.get(phone(Number(reference.slice('chaos-'.length)))) ?? 0;
    if (arrived === 0 && row.state !== 'uncertain') lost.push(reference);
    if (arrived > 1 && !row.possible_duplicate) doubled.push(reference);
  }
  expect(rows).toHaveLength(count);
  expect({ lost, doubled }).toEqual({ lost: [], doubled: [] });
}, 400_000);
