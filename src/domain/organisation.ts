import type { RequestedChannel } from './channel.ts';
import type { FactorRules, ProofPolicy } from './factor.ts';
import type { Language } from './language.ts';
import type { Portal } from './portal.ts';
import type { QuietHours } from './quiet-hours.ts';
import type { Ceilings } from './quota.ts';

/** What an organisation has decided for all its appointments, and what all its keys may do together. */
export interface OrganisationSettings extends Ceilings {
  readonly id: string;
  readonly defaultLanguage: Language;
  /** Planned where a booking system names no reminders. */
  readonly reminderPlan: readonly { readonly before: string; readonly channel: RequestedChannel }[];
  readonly quietHours: QuietHours;
  readonly jitterMinutes: number;
  /** How far ahead a link may expire. */
  readonly daysAheadMax: number;
  /** What patients may prove themselves with. */
  readonly proofPolicy: ProofPolicy;
  /** Where its patients may log in; null: nowhere of its own. */
  readonly portal: Portal | null;
  /** ISO 3166-1 alpha-2, in order: where recipients' phones may be; null: anywhere. */
  readonly countries: readonly string[] | null;
}

export const uncertainPolicies = ['resend', 'hold'] as const;
export const birthDateTiers = ['time', 'everything'] as const;

/** An organisation whole, as its settings are shown and changed. */
export interface Organisation extends OrganisationSettings {
  readonly name: string;
  /** What is done with a send that the provider never heard of. */
  readonly uncertainPolicy: (typeof uncertainPolicies)[number];
  /** What a birth date opens by itself: the day and the time, or all that a PIN does. */
  readonly birthDateOpens: (typeof birthDateTiers)[number];
  /** Ceiling for each credential; null: none. */
  readonly requestsPerMinute: number | null;
}

/**
 * What an organisation and its deployment have decided over factors.
 *
 * @param isPortalForAll whether one provider serves the patients of all organisations
 */
export function factorRulesOf(
  { proofPolicy, portal }: Pick<OrganisationSettings, 'proofPolicy' | 'portal'>,
  { isPortalForAll }: { isPortalForAll: boolean },
): FactorRules {
  const own = portal === null ? 'none' : 'own';
  return { proofPolicy, portal: isPortalForAll ? 'for_all' : own };
}
