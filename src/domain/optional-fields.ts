import type { AppointmentRequest } from './appointment.ts';

/** Every field that a booking system may leave out. A test keeps it in step with the API. */
export const optionalFields = [
  'durationMinutes',
  'revision',
  'status',
  'notice',
  'reminders',
  'details.specialty',
  'details.place',
  'details.place.name',
  'details.place.address',
  'details.instructions',
  'details.phone',
  'details.reason',
  'details.for',
  'recipient.phone',
  'recipient.email',
  'recipient.language',
  'recipient.birthDate',
  'recipient.pin',
  'recipient.subject',
] as const;
export type OptionalField = (typeof optionalFields)[number];

/** Which of them a request carries. */
export function fieldsIn(request: AppointmentRequest): OptionalField[] {
  return optionalFields.filter((field) => {
    let held: unknown = request;
    for (const name of field.split('.'))
      held = (held as Record<string, unknown> | undefined)?.[name];
    return held !== undefined;
  });
}
