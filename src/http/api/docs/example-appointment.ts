import type { AppointmentRequest } from '../../../domain/appointment.ts';

/**
 * What the documentation shows, a month ahead so that it works as it stands. The phone number
 * belongs to nobody, which test mode accepts.
 */
export function exampleAppointment(today: Temporal.PlainDate): AppointmentRequest {
  return {
    start: `${today.add({ days: 30 })}T10:30:00`,
    timeZone: 'Europe/Paris',
    durationMinutes: 20,
    details: {
      practitioner: 'Dr Martin',
      place: { name: 'Maison de santé', address: '1 rue des Lilas, 75020 Paris' },
      instructions: 'Bring your card.\nPlease come ten minutes early.',
      phone: '+33 1 99 00 12 34',
    },
    recipient: { phone: '+33639980001', language: 'fr', pin: '482913' },
    reminders: [
      { before: 'P2D', channel: 'sms' },
      { before: 'PT3H', channel: 'sms' },
    ],
  };
}
