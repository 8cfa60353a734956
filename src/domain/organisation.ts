import type { RequestedChannel } from './channel.ts';
import type { Language } from './language.ts';
import type { QuietHours } from './quiet-hours.ts';

/** What an organisation has decided for all its appointments. */
export interface OrganisationSettings {
  readonly id: string;
  readonly defaultLanguage: Language;
  /** Planned where a booking system names no reminders. */
  readonly reminderPlan: readonly { readonly before: string; readonly channel: RequestedChannel }[];
  readonly quietHours: QuietHours;
  readonly jitterMinutes: number;
  /** How far ahead a link may expire. */
  readonly daysAheadMax: number;
}
