import type { RequestedChannel } from './channel.ts';

/** What the details page may show; all of it is personal. */
export interface AppointmentDetails {
  readonly practitioner: string;
  readonly specialty?: string | undefined;
  readonly place?:
    | { readonly name?: string | undefined; readonly address?: string | undefined }
    | undefined;
  readonly instructions?: string | undefined;
  readonly phone?: string | undefined;
  readonly reason?: string | undefined;
  readonly for?: string | undefined;
}

/** The person, their contact points and what they can prove themselves with. */
export interface Recipient {
  readonly phone?: string | undefined;
  readonly email?: string | undefined;
  readonly language?: string | undefined;
  readonly birthDate?: string | undefined;
  readonly pin?: string | undefined;
  readonly subject?: string | undefined;
}

export const noticePolicies = ['if_told', 'now', 'none'] as const;
export type NoticePolicy = (typeof noticePolicies)[number];

/**
 * The body of `PUT /v1/appointments/{reference}` as it came, its shape checked and nothing changed:
 * this very object is what is sealed.
 */
export interface AppointmentRequest {
  readonly start: string;
  readonly timeZone: string;
  readonly durationMinutes?: number | undefined;
  readonly revision?: number | undefined;
  readonly status?: 'booked' | 'cancelled' | undefined;
  readonly notice?: NoticePolicy | undefined;
  readonly details: AppointmentDetails;
  readonly recipient: Recipient;
  readonly reminders?:
    | readonly { readonly before: string; readonly channel: RequestedChannel }[]
    | undefined;
}

export const defaultDurationMinutes = 60;

export type AppointmentState = 'booked' | 'cancelled' | 'erased';

/** A reminder as the API tells of it. */
export interface ReminderAnswer {
  readonly id: string;
  readonly channel: RequestedChannel;
  /** Both only where they tell no other start than the one that was just put. */
  readonly sendAt?: string;
  readonly notAfter?: string;
  /** `in_flight`: it is to end and is being handed over at this moment; an event tells which came first. */
  readonly state: string;
  readonly skipped?: string;
  /** It has ended, and its last send may have gone out all the same: nobody knows yet. */
  readonly possiblySent?: boolean;
}

/** The answer to an accepted PUT. */
export interface PutAnswer {
  readonly created: boolean;
  readonly id: string;
  readonly reference: string;
  readonly version: number;
  readonly revision: number | null;
  readonly state: AppointmentState;
  readonly language: string;
  readonly reminders: readonly ReminderAnswer[];
  readonly receipt: string;
  readonly receiptSalt: string;
}

/** The answer to a DELETE: what became of each reminder. */
export interface DeleteAnswer {
  readonly id: string;
  readonly reference: string;
  readonly version: number;
  readonly state: AppointmentState;
  readonly reminders: readonly Pick<ReminderAnswer, 'id' | 'state' | 'possiblySent'>[];
  /** A JWS that it is erased. */
  readonly erasureReceipt?: string | undefined;
}
