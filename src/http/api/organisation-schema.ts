import { z } from 'zod';
import { limits } from '../../../config/limits.ts';
import { requestedChannels } from '../../domain/channel.ts';
import {
  countriesMax,
  organisationNameCharactersMax,
  reasonCharactersMax,
  settingBounds,
  type WantedSettings,
} from '../../domain/check-settings.ts';
import { proofPolicies } from '../../domain/factor.ts';
import { languages } from '../../domain/language.ts';
import { birthDateTiers, type Organisation, uncertainPolicies } from '../../domain/organisation.ts';
import { portalBounds, portalMaxAgeMinutesDefault } from '../../domain/portal.ts';

const about = {
  defaultLanguage: 'Of messages and pages, where a recipient has none of ours.',
  reminderPlan: 'Planned where a PUT names no reminders. Empty: none.',
  quietHours: 'Wall clock of the appointment, past midnight where end is earlier. null: none.',
  jitterMinutes: 'A send time lies up to so many minutes around what was asked for.',
  uncertainPolicy:
    'Of a send that the provider never heard of: once more, flagged, or held. Stored for later; it changes nothing yet.',
  birthDateOpens:
    'What a birth date opens by itself. Many people know it: everything needs a reason, which is recorded.',
  proofPolicy:
    'strict: a PIN, a passkey or a portal login alone opens anything; no birth date and no code by SMS does.',
  portal:
    'OpenID Connect provider where patients log in, as recipient.subject names them there. null: none of your own.',
  issuer: 'As the provider writes it: https, no query, no fragment.',
  acrValues: 'One of these ways to log in must have been used, the first preferred. Absent: any.',
  maxAgeMinutes: `How long ago somebody may have logged in there. Absent: ${portalMaxAgeMinutesDefault}.`,
  daysAheadMax: 'How far ahead an appointment may lie, less a day for its link.',
  requestsPerMinute: 'Ceiling for each key; null: none.',
  appointmentsPerHour: 'Accepted PUTs of all keys together. A key can only lower it. null: none.',
  appointmentsPerDay: 'As appointmentsPerHour, of a UTC day.',
  remindersPerHour: 'Reminders and notices that were added, likewise.',
  remindersPerDay: 'As remindersPerHour, of a UTC day.',
  numbersPerHour: 'Different phone numbers of recipients, likewise.',
  countries:
    'ISO 3166-1 alpha-2: where phones of recipients may be. A key can only take some away. null: anywhere.',
};

/** A text whose meaning the use case checks; what it may be is said for the reader. */
const oneOf = (choices: readonly string[]) =>
  z
    .string()
    .max(64)
    .meta({ enum: [...choices] });
const wholeNumber = (name: keyof typeof settingBounds) =>
  z.int().meta({ ...settingBounds[name], description: about[name] });
/** In the body so that what was read can be written back. */
const told = { readOnly: true, description: 'Read only: leave it out, or send what was told.' };

/**
 * The body of a PUT: only shapes. What is right is decided by the domain, for this and for the
 * command line alike.
 */
export const organisationRequest: z.ZodType<WantedSettings & { reason?: string | undefined }> = z
  .strictObject({
    id: z.string().optional().meta(told),
    name: z.string().max(organisationNameCharactersMax).optional().meta(told),
    defaultLanguage: oneOf(languages).optional().meta({ description: about.defaultLanguage }),
    reminderPlan: z
      .array(
        z.strictObject({
          before: z.string().max(64).meta({ description: 'ISO 8601, PT5M to P400D.' }),
          channel: oneOf(requestedChannels),
        }),
      )
      .max(limits.remindersPerAppointmentMax)
      .optional()
      .meta({ description: about.reminderPlan }),
    quietHours: z
      .strictObject({
        start: z.string().max(5).meta({ description: 'HH:MM.' }),
        end: z.string().max(5).meta({ description: 'HH:MM, another than start.' }),
      })
      .nullable()
      .optional()
      .meta({ description: about.quietHours }),
    jitterMinutes: wholeNumber('jitterMinutes').optional(),
    uncertainPolicy: oneOf(uncertainPolicies)
      .optional()
      .meta({ description: about.uncertainPolicy }),
    birthDateOpens: oneOf(birthDateTiers).optional().meta({ description: about.birthDateOpens }),
    proofPolicy: oneOf(proofPolicies).optional().meta({ description: about.proofPolicy }),
    portal: z
      .strictObject({
        issuer: z.string().max(limits.webhookUrlCharactersMax).meta({ description: about.issuer }),
        clientId: z.string().max(portalBounds.charactersMax),
        acrValues: z
          .array(z.string().max(portalBounds.charactersMax))
          .max(portalBounds.acrValuesMax)
          .optional()
          .meta({ description: about.acrValues }),
        maxAgeMinutes: z
          .int()
          .optional()
          .meta({ ...portalBounds.maxAgeMinutes, description: about.maxAgeMinutes }),
      })
      .nullable()
      .optional()
      .meta({ description: about.portal }),
    daysAheadMax: wholeNumber('daysAheadMax').optional(),
    requestsPerMinute: wholeNumber('requestsPerMinute').nullable().optional().meta(told),
    appointmentsPerHour: wholeNumber('appointmentsPerHour').nullable().optional(),
    appointmentsPerDay: wholeNumber('appointmentsPerDay').nullable().optional(),
    remindersPerHour: wholeNumber('remindersPerHour').nullable().optional(),
    remindersPerDay: wholeNumber('remindersPerDay').nullable().optional(),
    numbersPerHour: wholeNumber('numbersPerHour').nullable().optional(),
    countries: z
      .array(z.string().max(64))
      .max(countriesMax)
      .nullable()
      .optional()
      .meta({ description: about.countries }),
    reason: z.string().max(reasonCharactersMax).optional().meta({
      description:
        'Why, for the audit; never about a patient. Needed for birthDateOpens everything.',
    }),
  })
  .meta({ id: 'OrganisationRequest' });

export const organisationAnswer: z.ZodType<Organisation> = z
  .object({
    id: z.string().meta({ format: 'uuid' }),
    name: z.string(),
    defaultLanguage: z.enum(languages).meta({ description: about.defaultLanguage }),
    reminderPlan: z
      .array(z.object({ before: z.string(), channel: z.enum(requestedChannels) }))
      .meta({ description: about.reminderPlan }),
    quietHours: z
      .object({ start: z.string(), end: z.string() })
      .nullable()
      .meta({ description: about.quietHours }),
    jitterMinutes: wholeNumber('jitterMinutes'),
    uncertainPolicy: z.enum(uncertainPolicies).meta({ description: about.uncertainPolicy }),
    birthDateOpens: z.enum(birthDateTiers).meta({ description: about.birthDateOpens }),
    proofPolicy: z.enum(proofPolicies).meta({ description: about.proofPolicy }),
    portal: z
      .object({
        issuer: z.string().meta({ description: about.issuer }),
        clientId: z.string(),
        acrValues: z.array(z.string()).meta({ description: about.acrValues }),
        maxAgeMinutes: z.int().meta({ description: about.maxAgeMinutes }),
      })
      .nullable()
      .meta({ description: about.portal }),
    daysAheadMax: wholeNumber('daysAheadMax'),
    requestsPerMinute: wholeNumber('requestsPerMinute').nullable(),
    appointmentsPerHour: wholeNumber('appointmentsPerHour').nullable(),
    appointmentsPerDay: wholeNumber('appointmentsPerDay').nullable(),
    remindersPerHour: wholeNumber('remindersPerHour').nullable(),
    remindersPerDay: wholeNumber('remindersPerDay').nullable(),
    numbersPerHour: wholeNumber('numbersPerHour').nullable(),
    countries: z.array(z.string()).nullable().meta({ description: about.countries }),
  })
  .meta({ id: 'Organisation' });
