import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Channel, Mode } from '../../src/domain/channel.ts';

export interface PlantedHandOver {
  readonly organisationId: string;
  readonly at: Date;
  readonly lateS?: number;
  readonly mode?: Mode;
  readonly channel?: Channel;
  readonly outcome?: string;
  readonly reason?: string;
  readonly flagged?: boolean;
  readonly number?: number;
  /** Of a reminder that has been handed over before. */
  readonly reminderId?: string;
}

/** Writes a hand-over as the worker does: a step to `sending`, and the attempt of that moment. */
export async function plantHandOver(
  admin: Pick<pg.ClientBase, 'query'>,
  planted: PlantedHandOver,
): Promise<string> {
  const { organisationId, at, mode = 'live', channel = 'sms', lateS = 0 } = planted;
  const reminderId =
    planted.reminderId ??
    (await plantReminder(admin, {
      ...{ organisationId, mode, channel, state: 'sent' },
      sendAt: new Date(at.getTime() - lateS * 1_000),
    }));
  await admin.query(
    `insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token,
       batch_id, started_at, ended_at, outcome, reason_code)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $1, $9, $9, $10, $11)`,
    [
      randomUUID(),
      organisationId,
      mode,
      reminderId,
      planted.number ?? 1,
      channel,
      channel === 'sms' ? 'sms-twilio' : 'smtp',
      randomBytes(16),
      at,
      planted.outcome ?? 'accepted',
      planted.reason ?? null,
    ],
  );
  await plantStep(admin, {
    ...{ organisationId, mode, reminderId, at },
    from: 'queued',
    to: 'sending',
    flagged: planted.flagged ?? false,
  });
  return reminderId;
}

export async function plantReminder(
  admin: Pick<pg.ClientBase, 'query'>,
  planted: {
    organisationId: string;
    state: string;
    sendAt: Date;
    mode?: Mode;
    channel?: Channel;
    reason?: string;
    notAfter?: Date;
    startsAt?: Date;
    reference?: string;
  },
): Promise<string> {
  const { organisationId, mode = 'live', channel = 'sms', sendAt } = planted;
  const [reminderId, appointmentId] = [randomUUID(), randomUUID()];
  const notAfter = planted.notAfter ?? new Date(Date.now() + 86_400_000);
  await admin.query(
    `insert into appointments (id, organisation_id, mode, reference, state, version, starts_at, ends_at,
       erase_at)
     values ($1, $2, $3, $4, 'booked', 1, $5, $5, now() + interval '99 days')`,
    [
      appointmentId,
      organisationId,
      mode,
      planted.reference ?? `ref-${appointmentId}`,
      planted.startsAt ?? notAfter,
    ],
  );
  await admin.query(
    `insert into reminders (id, organisation_id, mode, appointment_id, kind, requested_channel, channel,
       before, resolved_at, send_at, due_at, not_after, state, reason_code, batch_id, lease_until)
     values ($1, $2, $3, $4, 'planned', $5, $5, 'P1D', $6, $6, $6, $7, $8, $9, $1, now())`,
    [
      reminderId,
      organisationId,
      mode,
      appointmentId,
      channel,
      sendAt,
      notAfter,
      planted.state,
      planted.reason ?? null,
    ],
  );
  return reminderId;
}

export async function plantStep(
  admin: Pick<pg.ClientBase, 'query'>,
  planted: {
    organisationId: string;
    reminderId: string;
    at: Date;
    from: string | null;
    to: string;
    mode?: Mode;
    reason?: string;
    flagged?: boolean;
  },
): Promise<void> {
  await admin.query(
    `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, from_state,
       to_state, reason_code, possible_duplicate, created_at)
     select $1, $2, 'reminder.' || $3::text, 'ref', appointment_id, id, $4, $3::text, $5, $6, $7
     from reminders where id = $8`,
    [
      planted.organisationId,
      planted.mode ?? 'live',
      planted.to,
      planted.from,
      planted.reason ?? null,
      planted.flagged ?? false,
      planted.at,
      planted.reminderId,
    ],
  );
}
