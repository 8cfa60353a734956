import { z } from 'zod';
import { limits } from '../../../config/limits.ts';
import { type AppointmentRequest, noticePolicies } from '../../domain/appointment.ts';
import { requestedChannels } from '../../domain/channel.ts';
import type { FieldErrorCode } from '../../domain/errors.ts';
import { letterOrDigit, steering } from '../../domain/shown-line.ts';

/** A rule that zod has no word for, with the code that its breach answers. */
const breaks = (code: FieldErrorCode) => ({ params: { code } });

/** As `steering`, but for the end of a line. */
const controlsButNewline = /(?!\n)[\p{Cc}\u2028\u2029\u202a-\u202e]/u;

/** A text to be shown: something to read, nothing that steers. */
const shown = (charactersMax: number, forbidden: RegExp) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .refine((text) => !forbidden.test(text), breaks('control_character'))
    .refine((text) => letterOrDigit.test(text) || text === '', breaks('too_short'));
const line = (charactersMax: number) => shown(charactersMax, steering);
const lines = (charactersMax: number) => shown(charactersMax, controlsButNewline);

/** A short text whose meaning is checked later; here only that it is short. */
const token = (charactersMax: number) => z.string().min(1).max(charactersMax);

const details = z
  .strictObject({
    practitioner: line(200).meta({ description: 'Whom the patient will see.' }),
    specialty: line(200).optional(),
    place: z
      .strictObject({ name: line(200).optional(), address: lines(500).optional() })
      .optional(),
    instructions: z
      .string()
      .min(1)
      .max(4_000)
      .refine((text) => !controlsButNewline.test(text), breaks('control_character'))
      .optional()
      .meta({ description: 'What to bring or do; lines end with \\n.' }),
    phone: line(40).optional().meta({ description: 'The number to call the practice on.' }),
    reason: line(1_000).optional(),
    for: line(100).optional().meta({ description: 'Whose appointment it is, as the family says.' }),
  })
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= limits.detailsBytesMax,
    breaks('details_too_large'),
  )
  .meta({ description: `Shown after proof and to nobody else; ${limits.detailsBytesMax} bytes.` });

const recipient = z
  .strictObject({
    phone: token(64).optional().meta({ description: 'A mobile number with + and country code.' }),
    email: token(320).optional(),
    language: token(35)
      .optional()
      .meta({ description: "BCP 47; one without messages means the organisation's default." }),
    birthDate: token(32)
      .optional()
      .meta({ description: 'YYYY-MM-DD, of the person who has the appointment.' }),
    pin: token(32)
      .optional()
      .meta({ description: '6 to 8 digits, told at booking, the same for a contact point.' }),
    subject: token(255).optional().meta({
      description:
        'Who the person is at the patient portal: the sub that its OpenID Connect provider gives us, or an opaque pseudonym of yours. Never a name, an address or a number.',
    }),
  })
  .meta({ description: 'At least a phone or an email, and what the person can prove.' });

const reminder = z.strictObject({
  before: token(64).meta({ description: 'ISO 8601, PT5M to P400D, for example P2D or PT3H.' }),
  channel: z.enum(requestedChannels).meta({
    description: 'What goes first; auto: the link by email, a code by SMS, so both are needed.',
  }),
});

/**
 * The body of a PUT. It only accepts or refuses: no default, no trimming, no conversion, because
 * what came is what is sealed. Meanings (times, numbers, factors) are checked by the use case.
 */
export const appointmentRequest: z.ZodType<AppointmentRequest> = z
  .strictObject({
    start: token(64).meta({
      description: 'RFC 3339 with offset or Z, or local time in timeZone.',
      examples: ['2026-12-03T10:30:00+01:00'],
    }),
    timeZone: token(64).meta({ description: 'IANA name.', examples: ['Europe/Paris'] }),
    durationMinutes: z.int().min(1).max(10_080).optional().meta({ description: 'Absent: 60.' }),
    revision: z
      .int()
      .min(0)
      .max(2_147_483_647)
      .optional()
      .meta({ description: 'A lower one than stored is refused; once used it is required.' }),
    status: z.enum(['booked', 'cancelled']).optional().meta({ description: 'Absent: booked.' }),
    notice: z
      .enum(noticePolicies)
      .optional()
      .meta({ description: 'Whether the patient hears of a change. Absent: if_told.' }),
    details,
    recipient,
    reminders: z.array(reminder).max(limits.remindersPerAppointmentMax).optional().meta({
      description:
        "Absent: the organisation's plan, by another channel where the patient cannot be reached on its own. Empty: none.",
    }),
  })
  .meta({ id: 'AppointmentRequest' });
