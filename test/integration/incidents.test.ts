import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { silentMaxS } from '../../src/domain/duty-silence.ts';
import type { IncidentCode } from '../../src/domain/incident.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Database } from '../../src/store/database.ts';
import { deleteOldAppointments } from '../../src/store/retention.ts';
import {
  type AlertMessage,
  emailAlerts,
  webhookAlerts,
} from '../../src/transport/alert-channel.ts';
import { deadManPing } from '../../src/transport/dead-man.ts';
import { listEvents } from '../../src/usecases/list-events.ts';
import { openIncident } from '../../src/usecases/open-incident.ts';
import { pingDeadMan } from '../../src/usecases/ping-dead-man.ts';
import { sendAlerts } from '../../src/usecases/send-alerts.ts';
import { createDutyWatch } from '../../src/usecases/watch-duties.ts';
import { tellOfIncidents, watchForIncidents } from '../../src/usecases/watch-incidents.ts';
import { alertDuty, deadManDuty } from '../../workers/alerts.ts';
import { incidentDuties } from '../../workers/incident-duties.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { startSmtpPeer } from '../support/smtp-peer.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWebhookPeer } from '../support/webhook-peer.ts';

let database: TestDatabase;
let scheduler: Database;
let worker: Database;
let api: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  scheduler = database.open('scheduler');
  worker = database.open('worker');
  api = database.open('api');
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.admin.query(
    `truncate incidents, incident_entries, incident_organisations, incident_references,
       incident_progress, incident_alerts, appointments, ledger_breaks, heartbeats, pauses cascade`,
  );
});

const since = Temporal.Instant.from('2026-11-26T10:00:00Z');
const seed = (organisationId: string, more: Partial<Parameters<typeof seedReminders>[1]> = {}) =>
  seedReminders(database.admin, {
    ...{ organisationId, count: 1, epochPublicKey: Buffer.alloc(32, 9), parcelDay: '2026-11-26' },
    ...more,
  });
const open = (code: IncidentCode) => openIncident({ database: scheduler }, { code, since });
const close = (id: string) =>
  database.admin.query(
    `insert into incident_entries (incident_id, kind, actor, reason)
     values ($1, 'closed', 'command line', 'mended')`,
    [id],
  );

async function namedReferences(): Promise<string[]> {
  const { rows } = await database.admin.query('select reference from incident_references');
  return rows.map(({ reference }) => reference);
}

async function codes(): Promise<string[]> {
  const { rows } = await database.admin.query('select code from incidents order by opened_at');
  return rows.map(({ code }) => code);
}

async function incidentEvents(organisationId: string, mode: 'test' | 'live' = 'live') {
  // Events are shown when no earlier transaction of the server can add any before them.
  await waitFor(async () => {
    const { rows } = await database.admin.query(
      `select pg_snapshot_xmin(pg_current_snapshot()) > max(transaction_id) as shown from events`,
    );
    return rows[0]?.shown !== false;
  });
  const { events } = await listEvents({ database: api }, { organisationId, mode, limit: 200 });
  return events
    .filter(({ type }) => type.startsWith('incident.'))
    .map(({ id: _, at: __, ...facts }) => facts);
}

describe('the register of incidents', () => {
  it('holds one open incident of a code, however many open it at once', async () => {
    const opened = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        openIncident(
          { database: index % 2 ? worker : scheduler },
          { code: 'reminders_late', since },
        ),
      ),
    );
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    expect(opened.filter(({ isNew }) => isNew)).toHaveLength(1);
    const { rows } = await database.admin.query('select kind from incident_entries');
    expect(rows).toEqual([{ kind: 'seen' }]);
  });

  it('adds what is news: an earlier time, another organisation, each told once', async () => {
    const organisationIds = await Promise.all([0, 1].map(() => database.createOrganisation()));
    const [first = '', second = ''] = organisationIds;
    const code = 'restored_behind';
    const { id } = await openIncident(
      { database: worker },
      { code, since, organisationIds: [first] },
    );
    const earlier = since.subtract({ hours: 1 });
    await openIncident({ database: scheduler }, { code, since: earlier, organisationIds });
    await openIncident({ database: scheduler }, { code, since: earlier, organisationIds });
    for (const organisationId of [first, second]) {
      expect(await incidentEvents(organisationId)).toEqual([
        { type: 'incident.opened', incidentId: id, code },
      ]);
      expect(await incidentEvents(organisationId, 'test')).toHaveLength(1);
    }
    const { rows } = await database.admin.query('select since from incident_entries order by id');
    expect(rows.map((row) => row.since.toISOString())).toEqual([
      '2026-11-26T10:00:00.000Z',
      '2026-11-26T09:00:00.000Z',
    ]);
  });

  it('opens a new one of the code when the last was closed', async () => {
    const first = await open('ledger_broken');
    await close(first.id);
    const second = await open('ledger_broken');
    expect(second.isNew).toBe(true);
    expect(second.id).not.toBe(first.id);
  });
});

describe('whoever is touched', () => {
  it('is named by reference and told by an event, and nobody else is', async () => {
    const [late, fine] = await Promise.all([0, 1].map(() => database.createOrganisation()));
    const lateOnes = await seed(late ?? '', { count: 3, dueInMs: -700_000 });
    await seed(late ?? '', { dueInMs: 3_600_000 });
    await seed(fine ?? '', { count: 2, dueInMs: -300_000 });
    await watchForIncidents({ database: scheduler });
    await tellOfIncidents({ database: scheduler });
    await tellOfIncidents({ database: scheduler });

    expect(await codes()).toEqual(['reminders_late']);
    const { rows } = await database.admin.query(
      'select organisation_id, reference from incident_references',
    );
    expect(rows.map(({ reference }) => reference).sort()).toEqual(
      lateOnes.map(({ appointmentId }) => `ref-${appointmentId}`).sort(),
    );
    expect(await incidentEvents(late ?? '')).toMatchObject([
      { type: 'incident.opened', code: 'reminders_late' },
    ]);
    expect(await incidentEvents(fine ?? '')).toEqual([]);
  });

  it('is looked for, however long that takes, while what else goes wrong is noticed', async () => {
    await seed(await database.createOrganisation(), { dueInMs: -700_000 });
    await watchForIncidents({ database: scheduler });
    await database.admin.query(
      `insert into ledger_breaks (organisation_id, mode, appointment_id, reminder_id, state, difference)
       select organisation_id, mode, appointment_id, id, state, 1 from reminders`,
    );
    const duties = incidentDuties({ config: loadConfig({}), database: scheduler, log: silentLog });
    const { signal } = new AbortController();
    const runOf = (name: string) => duties.find((duty) => duty.name === name)?.run(signal);
    const inTheWay = await database.admin.connect();
    await inTheWay.query('begin; lock table incident_references in exclusive mode');
    const telling = runOf('touched');
    await runOf('incidents');
    expect(await codes()).toEqual(expect.arrayContaining(['ledger_broken', 'reminders_late']));
    await inTheWay.query('rollback');
    inTheWay.release();
    await telling;
    expect(await namedReferences()).toHaveLength(1);
  });

  it('is forgotten with the appointment, while the incident stays', async () => {
    const organisationId = await database.createOrganisation();
    await seed(organisationId, { dueInMs: -700_000 });
    await watchForIncidents({ database: scheduler });
    await tellOfIncidents({ database: scheduler });
    await database.admin.query(`update appointments set erase_at = now() - interval '1 day'`);
    await scheduler.transaction([], (it) => deleteOldAppointments(it, { keptDays: 0 }));
    const { rows } = await database.admin.query(
      `select (select count(*)::int from incident_references) as references,
         (select count(*)::int from incident_organisations) as organisations`,
    );
    expect(rows).toEqual([{ references: 0, organisations: 1 }]);
  });

  it('is told of nothing while a person has paused sending', async () => {
    const organisationId = await database.createOrganisation();
    await seed(organisationId, { dueInMs: -700_000 });
    await database.admin.query(
      `insert into pauses (id, organisation_id, reason) values ($1, $2, 'closed')`,
      [randomUUID(), organisationId],
    );
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual([]);
  });

  it('is told that it is over, once', async () => {
    const organisationId = await database.createOrganisation();
    const { id } = await openIncident(
      { database: scheduler },
      { code: 'field_drift', since, organisationIds: [organisationId] },
    );
    await tellOfIncidents({ database: scheduler });
    await close(id);
    await Promise.all([0, 1].map(() => tellOfIncidents({ database: scheduler })));
    expect((await incidentEvents(organisationId)).map(({ type }) => type)).toEqual([
      'incident.opened',
      'incident.closed',
    ]);
  });

  it.each<[IncidentCode, string]>([
    ['stored_differently', 'update appointments set paused_at = now()'],
    ['cannot_open', `update reminders set state = 'failed', reason_code = 'cannot_open'`],
    ['leak_guard', `update reminders set state = 'failed', reason_code = 'LEAK_GUARD'`],
    [
      'ledger_broken',
      `insert into ledger_breaks (organisation_id, mode, appointment_id, reminder_id, state, difference)
       select organisation_id, mode, appointment_id, id, state, 1 from reminders`,
    ],
    [
      'uncertain_unsettled',
      `update reminders set state = 'uncertain'; update reminders set doubted_at = now() - interval '2 days'`,
    ],
    [
      'provider_copies_overdue',
      `insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token,
         batch_id, copy_owed_at, copy_tries)
       select gen_random_uuid(), organisation_id, mode, id, 1, 'sms', 'twilio',
         uuid_send(gen_random_uuid()), gen_random_uuid(), now() - interval '2 hours', 3 from reminders`,
    ],
  ])('%s is seen by whoever watches, and its appointments are found', async (code, breaking) => {
    const organisationId = await database.createOrganisation();
    const [{ appointmentId = '' } = {}] = await seed(organisationId, { dueInMs: 60_000 });
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual([]);
    await database.admin.query(breaking);
    await watchForIncidents({ database: scheduler });
    await tellOfIncidents({ database: scheduler });
    expect(await codes()).toEqual([code]);
    const { rows } = await database.admin.query('select reference from incident_references');
    expect(rows).toEqual([{ reference: `ref-${appointmentId}` }]);

    // Dealt with: what was so when it was closed opens no other.
    const { rows: opened } = await database.admin.query('select id from incidents');
    await close(opened[0].id);
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual([code]);
  });

  it('key_missing is seen by the sign of whoever refused, with its organisation', async () => {
    const organisationId = await database.createOrganisation();
    await database.admin.query(`update organisations set created_at = now() - interval '1 day'`);
    await api.query(
      `insert into heartbeats (name, instance, version) values ('key_missing', $1, '1')`,
      [organisationId],
    );
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual(['key_missing']);
    expect(await incidentEvents(organisationId)).toMatchObject([{ code: 'key_missing' }]);
  });
});

describe('reminders_late', () => {
  /** First to be sent so long ago, tried since, and to be tried again in a moment. */
  const putOff = (minutes: number, reason: string | null) =>
    database.admin.query(
      `update reminders set send_at = now() - make_interval(mins => $1), reason_code = $2,
         due_at = now() + interval '30 seconds', attempt_count = 3`,
      [minutes, reason],
    );

  it.each([
    ['tried in vain again and again', 'provider_credentials'],
    ['given back again and again by a worker that may not try', null],
  ])('is what is %s, by when it was first to be sent', async (_what, reason) => {
    const organisationId = await database.createOrganisation();
    const [{ appointmentId = '' } = {}] = await seed(organisationId);
    await putOff(9, reason);
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual([]);
    await putOff(11, reason);
    await watchForIncidents({ database: scheduler });
    await tellOfIncidents({ database: scheduler });
    expect(await codes()).toEqual(['reminders_late']);
    expect(await namedReferences()).toEqual([`ref-${appointmentId}`]);
    const { rows } = await database.admin.query(
      `select i.since = date_trunc('milliseconds', r.send_at) as right from incidents i, reminders r`,
    );
    expect(rows).toEqual([{ right: true }]);
  });

  it.each<[what: string, minutes: number, reason: string, more: string]>([
    ['its mailbox is full', 30, 'unreachable_recipient', ''],
    [
      'its mail server wants it to come again',
      30,
      'rate_limited',
      `update reminders set channel = 'email'`,
    ],
    [
      'somebody has paused it',
      30,
      'not_connected',
      `insert into pauses (id, organisation_id, reason)
       select gen_random_uuid(), organisation_id, 'closed' from reminders`,
    ],
    [
      'it was paused until a moment ago',
      30,
      'not_connected',
      `insert into pauses (id, organisation_id, reason, ended_at)
       select gen_random_uuid(), organisation_id, 'closed', now() - interval '2 minutes' from reminders`,
    ],
    [
      'a person has just sent it again',
      300,
      'not_connected',
      `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
         from_state, to_state)
       select organisation_id, mode, 'reminder.scheduled', reference, appointment_id, id, 'failed',
         'scheduled' from reminders`,
    ],
    ['it is not yet to be sent', -30, 'not_connected', ''],
  ])('is not what waits because %s', async (_what, minutes, reason, more) => {
    await seed(await database.createOrganisation());
    await putOff(minutes, reason);
    if (more) await database.admin.query(more);
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual([]);
    await database.admin.query('truncate pauses, events');
    await putOff(90, 'not_connected');
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual(['reminders_late']);
  });

  it('is what was paused, by when that was over', async () => {
    await seed(await database.createOrganisation(), { dueInMs: -3_600_000 });
    const pausedUntil = (minutesAgo: number) =>
      database.admin.query(
        `with gone as (delete from pauses) insert into pauses (id, organisation_id, reason, ended_at)
         select gen_random_uuid(), organisation_id, 'closed', now() - make_interval(mins => $1)
         from reminders`,
        [minutesAgo],
      );
    await pausedUntil(5);
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual([]);
    await pausedUntil(15);
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual(['reminders_late']);
  });

  const ended = (state: string, reason: string | null) =>
    database.admin.query(
      `update reminders set state = $1, reason_code = $2, send_at = now() - interval '20 minutes',
         not_after = now() - interval '1 minute', created_at = now() - interval '1 day'`,
      [state, reason],
    );
  it.each<[state: string, reason: string | null]>([
    ['failed', 'provider_credentials'],
    ['expired', 'provider_down'],
    ['expired', 'too_late'],
    ['expired', null],
  ])('is what is %s for %s: it was told to nobody', async (state, reason) => {
    const organisationId = await database.createOrganisation();
    const [{ appointmentId = '' } = {}] = await seed(organisationId);
    await ended(state, reason);
    await watchForIncidents({ database: scheduler });
    await tellOfIncidents({ database: scheduler });
    expect(await codes()).toEqual(['reminders_late']);
    expect(await namedReferences()).toEqual([`ref-${appointmentId}`]);
  });

  it.each<[what: string, state: string, reason: string | null, more: string]>([
    ['for its recipient', 'failed', 'unreachable_recipient', ''],
    ['for its recipient, and its time is over', 'expired', 'unreachable_recipient', ''],
    ['after a person was to look at it', 'expired', 'held_uncertain', ''],
    ['and may have gone out', 'expired', null, 'update reminders set possibly_sent = true'],
    ['and came too late', 'expired', null, 'update reminders set created_at = not_after'],
    [
      'while somebody had paused it',
      'expired',
      null,
      `insert into pauses (id, organisation_id, reason, created_at, ended_at)
       select gen_random_uuid(), organisation_id, 'closed', send_at, send_at + interval '15 minutes'
       from reminders`,
    ],
    [
      'long ago',
      'expired',
      null,
      `update reminders set not_after = not_after - interval '2 hours', send_at = send_at - interval '2 hours'`,
    ],
  ])('is not what ended unsent %s', async (_what, state, reason, more) => {
    await seed(await database.createOrganisation());
    await ended(state, reason);
    if (more) await database.admin.query(more);
    await watchForIncidents({ database: scheduler });
    expect(await codes()).toEqual([]);
  });
});

describe('an alert', () => {
  it('names a code and where to read on, is tried until it is taken, and comes once', async () => {
    const heard: { headers: Record<string, unknown>; body: string }[] = [];
    let answer = 500;
    const peer = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        heard.push({ headers: request.headers, body });
        response.writeHead(answer).end();
      });
    });
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    const url = new Secret(`http://127.0.0.1:${(peer.address() as AddressInfo).port}/token`);
    const send = () => alert([{ way: 'webhook', send: webhookAlerts(url), afterS: 0 }]);
    const { id } = await open('ledger_broken');
    await send();
    answer = 204;
    await dueNow();
    await Promise.all([send(), send()]);
    await dueNow();
    await send();
    peer.close();

    expect(heard).toHaveLength(2);
    for (const { headers } of heard) expect(headers['idempotency-key']).toBe(id);
    const openedAt = expect.stringMatching(/^2\d{3}-/);
    expect(JSON.parse(heard[1]?.body ?? '')).toEqual({
      ...{ id, code: 'ledger_broken', openedAt },
      text: 'Sotto: reminders are not in the state that their events lead to',
      runbook: 'https://api.example.org/docs/operations#ledger_broken',
      incident: `https://ops.example.org/incidents/${id}`,
    });
  });

  it('that a process died with is another’s when its lease is over', async () => {
    await open('ledger_broken');
    const taken: string[] = [];
    const dying = new Promise<boolean>(() => {});
    void alert([{ way: 'webhook', send: () => dying, afterS: 0 }]);
    const send = async ({ id }: { id: string }) => taken.push(id) > 0;
    await expect.poll(claimed).toBe(1);
    await alert([{ way: 'webhook', send, afterS: 0 }]);
    expect(taken).toHaveLength(0);
    await dueNow();
    await alert([{ way: 'webhook', send, afterS: 0 }]);
    expect(taken).toHaveLength(1);
  });

  it('comes again, with another id, when what nobody has closed is seen after an hour of quiet', async () => {
    const taken: AlertMessage[] = [];
    const send = () =>
      alert([{ way: 'webhook', send: async (it) => taken.push(it) > 0, afterS: 0 }]);
    const { id } = await open('reminders_late');
    await send();
    for (const minutes of [55, 55]) {
      await passTime(minutes);
      await open('reminders_late');
      await send();
    }
    expect(taken.map((it) => it.id)).toEqual([id]);
    await passTime(61);
    for (let round = 0; round < 2; round += 1) {
      await open('reminders_late');
      await send();
    }
    expect(taken.map((it) => it.id)).toEqual([id, `${id}-2`]);
    expect(taken[1]).toMatchObject({
      text: expect.stringMatching(/^Sotto, again: reminders are due/),
      incident: `https://ops.example.org/incidents/${id}`,
    });
  });

  it('comes again when something else is silent than before, and not for each that goes with it', async () => {
    const taken: string[] = [];
    const see = async (...duties: string[]) => {
      const facts = Object.fromEntries(duties.map((duty) => [duty, 1]));
      await openIncident({ database: scheduler }, { code: 'duty_silent', since, facts });
      const send = async ({ id }: { id: string }) => taken.push(id) > 0;
      await alert([{ way: 'webhook', send, afterS: 0 }]);
      return taken.length;
    };
    expect(await see('retire')).toBe(1);
    await passTime(2);
    expect(await see('retire', 'ledger')).toBe(1);
    await passTime(30);
    expect(await see('ledger')).toBe(1);
    await passTime(2);
    expect(await see('dispatch', 'ledger')).toBe(2);
  });

  it('that was taken late is not the one that is owed since', async () => {
    const slow = Promise.withResolvers<boolean>();
    const taken: string[] = [];
    const { id } = await open('ledger_broken');
    const first = alert([{ way: 'webhook', send: () => slow.promise, afterS: 0 }]);
    await expect.poll(claimed).toBe(1);
    await database.admin.query('update incident_alerts set delivered_at = now()');
    await passTime(61);
    await open('ledger_broken');
    slow.resolve(true);
    await first;
    const send = async (it: { id: string }) => taken.push(it.id) > 0;
    await alert([{ way: 'webhook', send, afterS: 0 }]);
    expect(taken).toEqual([`${id}-2`]);
  });

  it('by email is the worker’s, and the scheduler’s when no worker has sent it', async () => {
    const peer = await startSmtpPeer();
    const url = new Secret(`smtp://127.0.0.1:${peer.port}`);
    const send = emailAlerts({ url, from: 'sotto@example.org', to: 'oncall@example.org' });
    const { id } = await open('duty_silent');
    await alert([{ way: 'email', send, afterS: 45 }]);
    expect(peer.taken).toHaveLength(0);
    await database.admin.query(
      `update incident_alerts set owed_at = now() - interval '46 seconds'`,
    );
    await alert([{ way: 'email', send, afterS: 45 }]);
    expect(peer.taken).toHaveLength(1);
    const text = peer.taken[0]?.text;
    expect(text).toContain('Sotto incident: duty_silent');
    expect(text).toContain(`alert-${id}@example.org`);
    await peer.close();
  });

  it('by email says nothing, not even who we are, to a server elsewhere without TLS', async () => {
    const peer = await startSmtpPeer();
    // This machine by a name that is not one of its own, so that TLS is asked for.
    const url = new Secret(`smtp://user:password@0.0.0.0:${peer.port}`);
    const send = emailAlerts({ url, from: 'sotto@example.org', to: 'oncall@example.org' });
    await open('duty_silent');
    await alert([{ way: 'email', send, afterS: 0 }]);
    expect(peer.taken).toHaveLength(0);
    expect(peer.said.length).toBeGreaterThan(0);
    for (const line of peer.said) expect(line).toMatch(/^(EHLO \S+|STARTTLS|QUIT)$/);
    await peer.close();
  });

  it('is not owed for an incident that somebody has closed', async () => {
    const { id } = await open('ledger_broken');
    await close(id);
    const taken: string[] = [];
    await alert([{ way: 'webhook', send: async (it) => taken.push(it.id) > 0, afterS: 0 }]);
    expect(taken).toEqual([]);
  });
});

describe('a duty that nobody does', () => {
  /** As the database would hold it after so many seconds without a word of these. */
  const heard = (silent: readonly string[], ageS: number) =>
    database.admin.query(
      `insert into heartbeats (name, instance, version, beat_at, started_at)
       select name, 'one', '1', now() - (case when name = any($2) then $3 else 0 end) * interval '1 second',
         now() - interval '1 hour' from unnest($1::text[]) as n (name)
       on conflict (name, instance) do update set beat_at = excluded.beat_at`,
      [Object.keys(silentMaxS), silent, ageS],
    );
  const watch = () => {
    let nowMs = 0;
    const round = createDutyWatch({ database: worker, nowMs: () => nowMs });
    return (atMs: number) => {
      nowMs = atMs;
      return round();
    };
  };

  it('opens an incident within two minutes, whatever it was and whoever is left to see it', async () => {
    const round = watch();
    await heard(['feed', 'retire'], 75);
    expect(await round(75_000)).toBe(false);
    expect(await codes()).toEqual([]);
    await round(90_000);
    expect(await codes()).toEqual(['duty_silent']);
    const { rows } = await database.admin.query('select facts from incident_entries');
    expect(rows[0].facts).toEqual({ feed: 1, retire: 1 });
  });

  it('is none when everybody was silent because the database was away', async () => {
    const round = watch();
    await heard(Object.keys(silentMaxS), 300);
    await round(300_000);
    await heard([], 0);
    expect(await round(315_000)).toBe(true);
    expect(await codes()).toEqual([]);
  });

  it('nor while everything has just been started', async () => {
    const round = watch();
    await heard(['feed'], 4_000);
    for (const atMs of [0, 15_000, 30_000, 45_000]) await round(atMs);
    expect(await codes()).toEqual([]);
  });

  it('may be done by others: a worker that is gone without another in its place is missed', async () => {
    const round = watch();
    await heard([], 0);
    await database.admin.query(
      `insert into heartbeats (name, instance, version, beat_at, started_at)
       values ('dispatch', 'two', '1', now() - interval '70 seconds', now() - interval '1 hour')`,
    );
    await round(75_000);
    await round(90_000);
    const { rows } = await database.admin.query('select facts from incident_entries');
    expect(rows[0].facts).toEqual({ workers_missing: 1 });
  });
});

describe('whom an incident wakes', () => {
  const config = { ALERT_EMAIL: 'oncall@example.org' };
  const dutyFor = (env: Record<string, string>) =>
    alertDuty({ config: loadConfig(env), database: worker, log: silentLog, isWorker: true });

  it('is written to by a mail server that must be known', () => {
    expect(() => dutyFor(config)).toThrow('ALERT_EMAIL: needs SMTP_URL and MAIL_FROM');
    const mail = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'sotto@example.org' };
    expect(dutyFor({ ...config, ...mail }).name).toBe('alerts');
  });

  it('is told at the address that is set, and the dead-man switch at its own', async () => {
    const peer = await startWebhookPeer();
    onTestFinished(() => peer.close());
    const env = { ALERT_WEBHOOK_URL: `${peer.url}/alert`, DEADMAN_URL: `${peer.url}/alive` };
    await open('ledger_broken');
    const deps = { config: loadConfig(env), database: scheduler, log: silentLog };
    const switches = deadManDuty({ ...deps, isEveryDutyDone: () => true });
    const { signal } = new AbortController();
    for (const duty of [dutyFor(env), ...switches]) await duty.run(signal);
    expect(peer.ledger.map(({ path }) => path)).toEqual(['/alert', '/alive']);
  });
});

describe('the dead-man switch', () => {
  it('has heard what it answers 2xx to, and nothing else', async () => {
    let status = 200;
    const peer = createServer((_, response) => response.writeHead(status).end('x'));
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    const { port } = peer.address() as AddressInfo;
    const hit = deadManPing(new Secret(`http://127.0.0.1:${port}/token`));
    expect(await hit()).toBe(true);
    status = 404;
    expect(await hit()).toBe(false);
    peer.close();
    peer.closeAllConnections();
    expect(await hit()).toBe(false);
  });

  const ping = async (isEveryDutyDone = true) => {
    let pings = 0;
    await pingDeadMan({
      ...{ database: scheduler, alertWays: ['webhook'], log: silentLog },
      isEveryDutyDone: () => isEveryDutyDone,
      ping: async () => {
        pings += 1;
        return true;
      },
    });
    return pings;
  };

  it('hears that all is well, unless a duty is silent or an alert reached nobody', async () => {
    expect(await ping()).toBe(1);
    expect(await ping(false)).toBe(0);
    await open('ledger_broken');
    expect(await ping()).toBe(1);
    await database.admin.query(`update incident_alerts set owed_at = now() - interval '3 minutes'`);
    expect(await ping()).toBe(0);
    await database.admin.query('update incident_alerts set delivered_at = now()');
    expect(await ping()).toBe(1);
  });
});

function alert(channels: Parameters<typeof sendAlerts>[0]['channels']): Promise<void> {
  return sendAlerts({
    ...{ database: worker, channels, log: silentLog },
    apiUrl: 'https://api.example.org',
    opsUrl: 'https://ops.example.org',
  });
}

async function dueNow(): Promise<void> {
  await database.admin.query('update incident_alerts set due_at = now()');
}

/** As if all that was seen and owed so far had been so many minutes earlier. */
async function passTime(minutes: number): Promise<void> {
  const passed = `interval '${minutes} minutes'`;
  await database.admin.query(`update incident_entries set at = at - ${passed};
    update incident_alerts set owed_at = owed_at - ${passed}`);
}

async function claimed(): Promise<number> {
  const { rows } = await database.admin.query(
    'select count(*)::int as count from incident_alerts where tries > 0',
  );
  return rows[0].count;
}
