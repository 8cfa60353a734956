import { z } from 'zod';
import type { DeleteAnswer, PutAnswer } from '../../domain/appointment.ts';
import { requestedChannels } from '../../domain/channel.ts';
import { errorCodes } from '../../domain/errors.ts';
import { reminderStates } from '../../domain/reminder.ts';
import type { AppointmentAnswer } from '../../usecases/describe-appointment.ts';
import type { EventAnswer } from '../../usecases/describe-event.ts';
import type { OwnIncidentAnswer } from '../../usecases/list-own-incidents.ts';
import type { LedgerAnswer } from '../../usecases/read-ledger.ts';
import { problemMediaType } from '../problems.ts';

/**
 * What answers are made of. They are lists of what may go out: a property that is not named here is
 * dropped on the way, whatever a use case returned.
 */
const appointmentState = z.enum(['booked', 'cancelled', 'erased']);
const reminderState = z.enum(reminderStates);
const instant = z.string().meta({ format: 'date-time', description: 'RFC 3339, UTC.' });

const counterMax = 2_147_483_647;
const identity = {
  id: z.string().meta({ format: 'uuid' }),
  reference: z.string(),
  version: z.int().min(1).max(counterMax),
};

const channel = z.enum(requestedChannels).meta({
  description: 'As you asked for, also when the reminder went on by the other channel.',
});

const skipped = z
  .string()
  .exactOptional()
  .meta({ description: 'Why it is never sent: booked_late, quiet_hours or quota_exceeded.' });

const possiblySent = z.boolean().exactOptional().meta({
  description:
    'It has ended, and its last send may have gone out all the same. No later word says whether it did.',
});

const toldOfThisStart = instant.exactOptional().meta({
  description:
    'Only of reminders that are of use until the start that was put: of those of another start it would tell when that was.',
});

export const putAnswer: z.ZodType<Omit<PutAnswer, 'created'>> = z
  .object({
    ...identity,
    revision: z.int().min(0).max(counterMax).nullable(),
    state: appointmentState,
    language: z.string().meta({ description: 'The language that messages are in.' }),
    reminders: z.array(
      z.object({
        id: z.string().meta({ format: 'uuid' }),
        channel,
        sendAt: toldOfThisStart,
        notAfter: toldOfThisStart,
        state: z.enum([...reminderStates, 'in_flight']).meta({
          description:
            'in_flight: to be ended, and being handed over at this moment; no other attempt follows, and an event tells what became of it.',
        }),
        skipped,
        possiblySent,
      }),
    ),
    receipt: z.string().meta({
      description: 'Compact JWS naming the stored fields; verify it with /.well-known/jwks.json.',
    }),
    receiptSalt: z.string().meta({ description: 'Told this once; keep it with the receipt.' }),
  })
  .meta({ id: 'AcceptedAppointment' });

const status = 'Only with scope status.';
export const appointmentAnswer: z.ZodType<AppointmentAnswer> = z
  .object({
    ...identity,
    revision: z.int().min(0).max(counterMax).nullable(),
    state: appointmentState,
    locked: z
      .boolean()
      .exactOptional()
      .meta({ description: `Locked after too many wrong answers; PUT with notice now. ${status}` }),
    reminders: z.array(
      z.object({
        id: z.string().meta({ format: 'uuid' }),
        channel,
        state: reminderState,
        skipped,
        sentAt: instant.nullable().exactOptional().meta({ description: status }),
        deliveredAt: instant.nullable().exactOptional().meta({ description: status }),
        reasonCode: z
          .string()
          .nullable()
          .exactOptional()
          .meta({
            description: `Such as invalid_recipient, unreachable_recipient, opted_out. ${status}`,
          }),
      }),
    ),
  })
  .meta({ id: 'Appointment' });

export const deleteAnswer: z.ZodType<DeleteAnswer> = z
  .object({
    ...identity,
    state: appointmentState,
    reminders: z.array(
      z.object({
        id: z.string().meta({ format: 'uuid' }),
        state: z.string().meta({
          description:
            'cancelled or erased, what it had already become, or in_flight: being handed over at this moment; no other attempt follows, and an event tells what became of it.',
        }),
        possiblySent,
      }),
    ),
    erasureReceipt: z.string().optional().meta({
      description:
        'With `erase`: a compact JWS (`typ` sotto-erasure+jwt) that this appointment is erased, signed with a key of /.well-known/jwks.json.',
    }),
  })
  .meta({ id: 'DeletedAppointment' });

export const appointmentPage: z.ZodType<{
  appointments: AppointmentAnswer[];
  next: string | null;
}> = z
  .object({
    appointments: z.array(appointmentAnswer),
    next: z.string().nullable().meta({ description: 'Cursor for `after`; null on the last page.' }),
  })
  .meta({ id: 'AppointmentPage' });

export const eventPage: z.ZodType<{ events: EventAnswer[]; next: string | null }> = z
  .object({
    events: z.array(
      z.object({
        id: z.string(),
        type: z.string().meta({
          description:
            'appointment.accepted, .replaced, .cancelled or .erased; reminder. and its state; reminder.needs_reissue: locked, PUT with notice now; endpoint.disabled: we gave up on a webhook; incident.opened, .closed: something may have gone wrong for some of your appointments.',
        }),
        at: instant,
        reference: z.string().exactOptional().meta({ description: 'Of an appointment.' }),
        reminderId: z.string().exactOptional(),
        endpointId: z
          .string()
          .exactOptional()
          .meta({ description: 'Of a webhook, in place of reference.' }),
        incidentId: z
          .string()
          .exactOptional()
          .meta({ description: 'Of an incident, in place of reference; see /v1/incidents.' }),
        code: z.string().exactOptional().meta({ description: 'What the incident is.' }),
        state: z.string().exactOptional(),
        reasonCode: z.string().exactOptional().meta({
          description:
            'by_recipient at appointment.erased and reminder.erased: the patient has erased it, and you have not.',
        }),
        possibleDuplicate: z.literal(true).exactOptional(),
        possiblySent: z.literal(true).exactOptional(),
      }),
    ),
    next: z.string().nullable().meta({
      description: 'Cursor for `after`; null: nothing newer yet, ask later with the same cursor.',
    }),
  })
  .meta({ id: 'EventPage' });

const incidentFacts = {
  id: z.string().meta({ format: 'uuid' }),
  code: z.string().meta({ description: 'Of a fixed list; explained in the guide.' }),
  what: z.string().meta({ description: 'The same in words.' }),
  since: instant.meta({ description: 'From when on it may have been wrong.' }),
  openedAt: instant.meta({ description: 'When it was found.' }),
  notifyBy: instant.meta({
    description: '72 hours after it was found: until then an authority would have to be told.',
  }),
  closedAt: instant.nullable(),
  appointments: z.int().min(0).meta({ description: 'Of yours, known so far.' }),
};

export const incidentList: z.ZodType<{ incidents: OwnIncidentAnswer[] }> = z
  .object({ incidents: z.array(z.object(incidentFacts)) })
  .meta({ id: 'IncidentList' });

export const incidentAnswer: z.ZodType<
  OwnIncidentAnswer & { references: string[]; next: string | null }
> = z
  .object({
    ...incidentFacts,
    references: z.array(z.string()),
    next: z.string().nullable().meta({ description: 'Cursor for `after`; null on the last page.' }),
  })
  .meta({ id: 'Incident' });

const receiptsDigest = z
  .object({
    count: z.int().min(0),
    digest: z.string().meta({
      description: 'SHA-256, in hexadecimal, of the sorted ids written one after the other.',
    }),
  })
  .meta({ id: 'ReceiptsDigest' });

const stepCounts = Object.fromEntries(
  reminderStates
    .filter((state) => state !== 'queued' && state !== 'sending')
    .map((state) => [state, z.int().min(1).exactOptional()]),
);

export const ledgerAnswer: z.ZodType<LedgerAnswer> = z
  .object({
    from: instant,
    to: instant,
    complete: z.boolean().meta({ description: 'Nothing is added to it any more.' }),
    receipts: receiptsDigest,
    hours: z.array(
      z.object({
        hour: instant,
        states: z.object(stepCounts).meta({
          description:
            'Steps of reminders into each state, as /v1/events tells them; which process has one in hand is left out.',
        }),
        receipts: receiptsDigest,
      }),
    ),
  })
  .meta({ id: 'Ledger' });

const problem = z
  .object({
    type: z.string().meta({ format: 'uri', description: 'Where the code is explained.' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    code: z.enum(Object.keys(errorCodes) as [string, ...string[]]),
    errors: z.array(
      z.object({
        pointer: z.string().meta({
          description:
            'JSON Pointer (RFC 6901) into the body, or / and the name of a query parameter; empty for the body or the address as a whole.',
        }),
        code: z.string(),
      }),
    ),
  })
  .meta({ id: 'Problem' });

/** The problems that a route can answer, for its description. */
export function problemResponses(...statuses: number[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: Object.entries(errorCodes)
          .filter(([, error]) => error.status === status)
          .map(([code]) => code)
          .join(', '),
        content: { [problemMediaType]: { schema: problem } },
      },
    ]),
  );
}
