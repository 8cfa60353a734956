import type { AppointmentDetails } from '../domain/appointment.ts';
import { everything, type Tier } from '../domain/tiers.ts';
import type { OpenedLink } from './open-link.ts';

/** When an appointment is, and whether it still is: all that a birth date opens. */
export interface ShownTime {
  readonly state: 'booked' | 'moved' | 'cancelled';
  readonly startsAt: Temporal.Instant;
  readonly timeZone: string;
}

/** An appointment as its patient may see it. */
export interface ShownAppointment extends AppointmentDetails, ShownTime {
  /** Only what the booking system said. */
  readonly durationMinutes: number | undefined;
}

/**
 * What the current version says, for a patient who has proved enough to see everything.
 *
 * @returns undefined below that tier
 */
export function showDetails(link: OpenedLink, tier: Tier): ShownAppointment | undefined {
  const time = showTime(link, tier);
  if (tier < everything || !time) return undefined;
  const { details, durationMinutes } = link.request.reveal();
  return { ...details, ...time, durationMinutes };
}

/**
 * When the appointment is, for a patient who has proved anything.
 *
 * @returns undefined for one who has proved nothing
 */
export function showTime(link: OpenedLink, tier: Tier): ShownTime | undefined {
  if (tier < 1) return undefined;
  const { timeZone, status } = link.request.reveal();
  const { state, moved, startsAt } = link.stored;
  const cancelled = state === 'cancelled' || status === 'cancelled';
  return {
    state: cancelled ? 'cancelled' : moved ? 'moved' : 'booked',
    startsAt: Temporal.Instant.fromEpochMilliseconds(startsAt.getTime()),
    timeZone,
  };
}
