import { keptDaysMax } from '../../config/kept-days.ts';
import type { Channel } from '../domain/channel.ts';
import type { PutDecision } from '../domain/put-decision.ts';
import type { NewReminder } from '../domain/put-facts.ts';
import type { AppointmentKey } from './appointment-locks.ts';

/** A link as it is stored: sealed parts, and what it is found by. */
export interface SealedLink {
  readonly id: string;
  readonly reminderId: string;
  readonly channel: Channel;
  readonly lookup: Buffer;
  readonly sealPublicKey: Buffer;
  readonly note: Buffer;
  readonly parcel: Buffer;
  /** UTC day of the epoch key around the parcel. */
  readonly parcelDay: string;
}

/** Everything sealed that one accepted version adds. */
export interface SealedAppointment {
  readonly viewMonth: string;
  readonly content: Buffer;
  readonly reminders: readonly (NewReminder & { readonly id: string })[];
  readonly links: readonly SealedLink[];
  readonly contentKeys: readonly { readonly linkId: string; readonly sealedKey: Buffer }[];
}

/** One accepted PUT, ready to be written. */
export interface AcceptedVersion extends AppointmentKey {
  readonly id: string;
  readonly created: boolean;
  readonly receiptId: string;
  /** When that receipt says that it was issued. */
  readonly issuedAt: Temporal.Instant;
  readonly startsAt: Temporal.Instant;
  readonly endsAt: Temporal.Instant;
  readonly linkExpiresAt: Temporal.Instant;
  readonly decision: PutDecision;
  readonly sealed: SealedAppointment;
}

/** When the last trace of an appointment goes, unless less is kept. */
export function eraseAt(linkExpiresAt: Temporal.Instant): Temporal.Instant {
  return linkExpiresAt.add({ hours: 24 * keptDaysMax.states });
}
