import type { AppointmentDetails } from '../domain/appointment.ts';
import { everything, type Tier } from '../domain/tiers.ts';
import type { OpenedLink } from './open-link.ts';

/** An appointment as its patient may see it. */
export interface ShownAppointment extends AppointmentDetails {
  readonly state: 'booked' | 'moved' | 'cancelled';
  readonly startsAt: Temporal.Instant;
  readonly timeZone: string;
  /** Only what the booking system said. */
  readonly durationMinutes: number | undefined;
}

/**
 * What the current version says, for a patient who has proved enough to see everything.
 *
 * @returns undefined below that tier
 */
export function showDetails(link: OpenedLink, tier: Tier): ShownAppointment | undefined {
  if (tier < everything) return undefined;
  const { details, timeZone, durationMinutes, status } = link.request.reveal();
  const { state, moved, startsAt } = link.stored;
  const cancelled = state === 'cancelled' || status === 'cancelled';
  return {
    ...details,
    state: cancelled ? 'cancelled' : moved ? 'moved' : 'booked',
    startsAt: Temporal.Instant.fromEpochMilliseconds(startsAt.getTime()),
    timeZone,
    durationMinutes,
  };
}
