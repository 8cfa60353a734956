import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { PeerWrites } from '../peer-design.ts';

interface Statements {
  before(ids: readonly string[]): Promise<unknown>;
  after(ids: readonly string[], providerIds: readonly string[]): Promise<unknown>;
}

/** What a peer writes, in Sotto's tables where it keeps the same rows, without Sotto's checks. */
export function peerStatements(pool: pg.Pool): Record<PeerWrites, Statements> {
  return {
    outcome: {
      before: async () => {},
      after: ([id], [providerId]) =>
        pool.query({
          name: 'outcome',
          text: `update plain_reminders set state = 'sent', provider_id = $2,
              sent_at = clock_timestamp(), times = times + 1
            where id = $1`,
          values: [id, providerId],
        }),
    },
    'all-rows': {
      before: ([id]) =>
        pool.query({
          name: 'intent',
          text: intent('r.id = $1', '(values ($1::uuid, $2::uuid, $3::bytea))'),
          values: [id, randomUUID(), randomBytes(16)],
        }),
      after: ([id], [providerId]) =>
        pool.query({
          name: 'end',
          text: end('r.id = $1', '(values ($1::uuid, $2::text))'),
          values: [id, providerId],
        }),
    },
    'all-rows-in-groups': {
      before: (ids) =>
        pool.query({
          name: 'intents',
          text: intent('r.id = any($1::uuid[])', 'unnest($1::uuid[], $2::uuid[], $3::bytea[])'),
          values: [ids, ids.map(() => randomUUID()), ids.map(() => randomBytes(16))],
        }),
      after: (ids, providerIds) =>
        pool.query({
          name: 'ends',
          text: end('r.id = any($1::uuid[])', 'unnest($1::uuid[], $2::text[])'),
          values: [ids, providerIds],
        }),
    },
  };
}

const tell = (type: string, from: string) => `
  insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
    from_state, to_state)
  select c.organisation_id, c.mode, 'reminder.${type}', a.reference, a.id, c.id, '${from}', '${type}'
  from changed c join appointments a on a.id = c.appointment_id`;

const intent = (which: string, given: string) => `
  with changed as (
    update reminders r set state = 'sending', attempt_count = attempt_count + 1,
      batch_id = g.attempt_id, lease_until = clock_timestamp() + interval '1 minute',
      updated_at = clock_timestamp()
    from ${given} as g (id, attempt_id, token) where ${which} and r.id = g.id
    returning r.*, g.token
  ), tried as (
    insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token,
      batch_id)
    select batch_id, organisation_id, mode, id, attempt_count, channel, 'null', token, batch_id
    from changed
  ) ${tell('sending', 'scheduled')}`;

const end = (which: string, given: string) => `
  with changed as (
    update reminders r set state = 'sent', sent_at = clock_timestamp(), batch_id = null,
      lease_until = null, updated_at = clock_timestamp()
    from ${given} as g (id, provider_id) where ${which} and r.id = g.id
    returning r.*, g.provider_id
  ), ended as (
    update attempts t set outcome = 'accepted', provider_id = c.provider_id,
      ended_at = clock_timestamp()
    from changed c where t.reminder_id = c.id
  ) ${tell('sent', 'sending')}`;
