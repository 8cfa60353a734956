import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** What the day leaves to be found. */
export interface PictureDay {
  /** An appointment whose newest reminder failed. */
  readonly reference: string;
}

interface Facts {
  readonly apiUrl: string;
  readonly apiKey: string;
}

const untilSettledMs = 30_000;

/**
 * Makes a day on a fresh `npm start` for the ops pages to show: appointments of which some fail, others
 * that are due within the hour, and the counts per minute of a day that was not so long ago.
 */
export async function makePictureDay({
  dataDir,
  facts,
}: {
  dataDir: string;
  facts: Facts;
}): Promise<PictureDay> {
  const put = async (reference: string, appointment: object): Promise<void> => {
    const answer = await fetch(`${facts.apiUrl}/v1/appointments/${reference}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${facts.apiKey}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        timeZone: 'Europe/Paris',
        details: { practitioner: 'Dr Martin' },
        ...appointment,
      }),
    });
    if (!answer.ok) throw new Error(`${reference} was refused (${answer.status})`);
  };
  const recipient = (ending: string) => ({ phone: `+3363998${ending}`, pin: '482913' });

  // The sandbox refuses this ending for good.
  const failing = ['visit-20817', 'visit-20844', 'visit-20902'];
  for (const reference of failing) {
    await put(reference, { start: inHours(51), notice: 'now', recipient: recipient('9211') });
  }
  for (let number = 0; number < 12; number += 1) {
    await put(`visit-${21_000 + 7 * number}`, {
      start: inHours(3.2 + number / 20),
      recipient: recipient(String(1000 + number)),
      reminders: [{ before: 'PT3H', channel: 'sms' }],
    });
  }
  const database = await connect(dataDir);
  try {
    await untilFailed(database, failing.length);
    await database.query(countsOfADay);
  } finally {
    await database.end();
  }
  return { reference: failing[1] ?? '' };
}

function inHours(hours: number): string {
  return Temporal.Now.instant()
    .add({ minutes: Math.round(hours * 60) })
    .toString({ smallestUnit: 'second' });
}

/** As the superuser of the embedded PostgreSQL. */
async function connect(dataDir: string): Promise<pg.Client> {
  const read = (name: string) => readFileSync(join(dataDir, name), 'utf8');
  const client = new pg.Client({
    host: '127.0.0.1',
    port: Number(read('postgres/postmaster.pid').split('\n')[3]),
    user: 'postgres',
    database: 'postgres',
    password: read('postgres-password').trim(),
  });
  await client.connect();
  return client;
}

async function untilFailed(database: pg.Client, wanted: number): Promise<void> {
  const endMs = performance.now() + untilSettledMs;
  for (;;) {
    const { rows } = await database.query(
      `select count(*)::int as count from reminders where state = 'failed'`,
    );
    if (rows[0].count >= wanted) return;
    if (performance.now() > endMs) throw new Error('what should fail has not failed');
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Busy at the hours that reminders are due, late once, when a provider was slow. */
const countsOfADay = `
  with slots as (
    select minute, channel, extract(hour from minute) as hour,
      abs(hashtext(minute::text || channel)) % 100 / 100.0 as chance,
      minute between now() - interval '9 hours' and now() - interval '8 hours 20 minutes' as slow
    from generate_series(date_trunc('minute', now()) - interval '23 hours',
        date_trunc('minute', now()) - interval '4 minutes', interval '5 minutes') as minute,
      (values ('sms'), ('email')) as c (channel)),
  counted as (
    select *, case when hour between 7 and 18 then 20 + 60 * chance else 3 + 6 * chance end::int as count
    from slots),
  lateness as (
    insert into minute_lateness (minute, mode, channel, count, sum_s, p50_s, p95_s, max_s)
    select minute, 'test', channel, count, count, 0.6 + chance,
      case when slow then 90 else 2 + 3 * chance end, case when slow then 300 else 4 + 12 * chance end
    from counted on conflict do nothing),
  hand_overs as (
    insert into minute_hand_overs (minute, mode, channel, transport, outcome, reason_code, count)
    select minute, 'test', channel, case channel when 'sms' then 'sms-twilio' else 'smtp' end,
      'accepted', '', count
    from counted on conflict do nothing),
  steps as (
    insert into minute_transitions (minute, mode, channel, from_state, to_state, reason_code, count,
      flagged_count)
    select minute, 'test', channel, from_state, to_state, '', (count * share)::bigint, 0
    from counted, (values ('scheduled', 'queued', 1), ('queued', 'sending', 1), ('sending', 'sent', 1),
      ('sent', 'delivered', 0.97), ('sent', 'undelivered', 0.02)) as s (from_state, to_state, share)
    on conflict do nothing)
  insert into minute_opt_outs (minute, channel, source, count)
  select date_trunc('minute', now()) - days * interval '1 day' - interval '2 hours', channel,
    case channel when 'sms' then 'reply' else 'one_click' end, 1 + (days * 2) % 3
  from generate_series(0, 6) as days, (values ('sms'), ('email')) as c (channel)
  on conflict do nothing`;
