import { type Channel, channels, type RequestedChannel } from './channel.ts';
import type { Language } from './language.ts';

/**
 * The organisation that Sotto makes for itself: the same in every deployment, so that whoever counts,
 * lists or sends can tell it from customers without asking.
 */
export const canaryOrganisationId = '00000000-0000-4000-8000-000000ca9a41';

export function isCanary({ organisationId }: { readonly organisationId?: string }): boolean {
  return organisationId === canaryOrganisationId;
}

/** What is done to an appointment once its first message has been read, and what must follow. */
export type CanaryEnding =
  | 'nothing'
  | 'move'
  | 'move_untold'
  | 'change'
  | 'cancel'
  | 'cancel_before'
  | 'rebook'
  | 'delete'
  | 'delete_before'
  | 'renew'
  | 'renumber'
  | 'stale';

/** One way through Sotto that differs from the others in what it exercises. */
export interface CanaryBranch {
  readonly name: string;
  /** What sends the first message: a reminder so long before the start, or a notice. */
  readonly by: 'P2D' | 'PT3H' | 'P1DT2H' | 'PT5M' | 'notice' | 'plan';
  readonly channel: RequestedChannel;
  readonly factor: 'pin' | 'birth_date' | 'code' | 'birth_date_and_code';
  readonly contacts: 'phone' | 'email' | 'both';
  /** As the booking system says it; undefined: not said. */
  readonly language: string | undefined;
  readonly start: 'offset' | 'utc' | 'local';
  readonly fields: 'all' | 'required' | 'place_name' | 'place_address';
  readonly ending: CanaryEnding;
  readonly revised: boolean;
}

/**
 * Every way that an appointment can take, one a minute in this order. A test asks that each value of
 * each choice, and each language, stands in at least one of them.
 */
export const canaryBranches: readonly CanaryBranch[] = [
  branch('sms_pin_move', 'P2D sms pin both fr offset all move', 'revised'),
  branch('email_pin_cancel', 'PT3H email pin both en utc all cancel'),
  branch('auto_code_move', 'PT5M auto code both de local all move', 'revised'),
  branch('sms_birth_date_change', 'notice sms birth_date phone es offset all change'),
  branch('birth_date_then_code', 'notice email birth_date_and_code both it local all rebook'),
  branch('email_code_delete', 'P1DT2H email code both nl utc all delete', 'revised'),
  branch('arabic_cancel', 'notice sms pin phone ar offset all cancel'),
  branch('email_alone', 'P2D email pin email fr local all move_untold'),
  branch('language_unknown', 'notice email pin email pl utc all renew', 'revised'),
  branch('only_required', 'notice sms pin phone - offset required nothing'),
  branch('place_without_address', 'notice email pin email en-GB local place_name change'),
  branch('place_without_name', 'notice sms pin phone de-AT utc place_address change', 'revised'),
  branch('plan_of_organisation', 'plan email pin both it offset all cancel'),
  branch('new_number', 'notice sms pin phone nl local all renumber', 'revised'),
  branch('stale_revision', 'PT5M sms pin both es utc all stale', 'revised'),
  branch('cancelled_in_time', 'PT5M sms pin both fr offset all cancel_before'),
  branch('auto_pin_move_untold', 'P2D auto pin both ar utc all move_untold', 'revised'),
  branch('deleted_in_time', 'PT5M email pin email de offset all delete_before'),
  branch('sms_birth_date_cancel', 'PT3H sms birth_date phone en local all cancel', 'revised'),
];

/** The words in the order of {@link CanaryBranch}; a dash for what is not said. */
function branch(name: string, words: string, revised?: 'revised'): CanaryBranch {
  const [by, channel, factor, contacts, language, start, fields, ending] = words.split(' ');
  return {
    ...{ name, by, channel, factor, contacts, start, fields, ending },
    language: language === '-' ? undefined : language,
    revised: revised !== undefined,
  } as CanaryBranch;
}

/** Branches that can be gone where these channels are sent on. */
export function canaryBranchesOn(available: readonly Channel[]): readonly CanaryBranch[] {
  return canaryBranches.filter(({ by, channel, factor }) => {
    const link: Channel = channel === 'sms' ? 'sms' : 'email';
    const needs = factor.endsWith('code') || by === 'plan' ? channels : [link];
    return needs.every((needed) => available.includes(needed));
  });
}

/** The branch whose turn it is in a minute, whoever asks. */
export function canaryBranchOf(
  slot: Temporal.Instant,
  branches: readonly CanaryBranch[],
): CanaryBranch | undefined {
  return branches[Math.floor(slot.epochMilliseconds / 60_000) % branches.length];
}

/** The language that it must all be in: that of the first part of the tag, else the organisation's. */
export function canaryLanguage({ language = 'fr' }: CanaryBranch): Language {
  const expected: Record<string, Language> = {
    ...{ fr: 'fr', en: 'en', de: 'de', es: 'es', it: 'it', nl: 'nl', ar: 'ar' },
    ...{ 'en-GB': 'en', 'de-AT': 'de', pl: 'fr' },
  };
  return expected[language] ?? 'fr';
}

export type CanaryStep =
  | { readonly does: 'put'; readonly version: 1 | 2; readonly as?: 'cancelled' | 'stale' }
  | { readonly does: 'receive' | 'gone'; readonly message: 1 | 2 }
  | {
      readonly does: 'visit';
      readonly message: 1 | 2;
      readonly version: 1 | 2;
      readonly state: 'booked' | 'moved' | 'cancelled';
    }
  | { readonly does: 'delete' | 'erase' | 'silence' | 'settle' };

const first: readonly CanaryStep[] = [
  { does: 'put', version: 1 },
  { does: 'receive', message: 1 },
  { does: 'visit', message: 1, version: 1, state: 'booked' },
];
const last: readonly CanaryStep[] = [
  { does: 'settle' },
  { does: 'erase' },
  { does: 'gone', message: 1 },
];
const again = { does: 'put', version: 2 } as const;
const cancel = { does: 'put', version: 1, as: 'cancelled' } as const;
const told = { does: 'receive', message: 2 } as const;

const endings: Record<CanaryEnding, readonly CanaryStep[]> = {
  nothing: [...first, ...last],
  move: [
    ...[...first, again, told],
    { does: 'visit', message: 2, version: 2, state: 'moved' },
    { does: 'visit', message: 1, version: 2, state: 'moved' },
    ...last,
  ],
  move_untold: [
    ...first,
    again,
    { does: 'visit', message: 1, version: 2, state: 'moved' },
    ...last,
  ],
  change: [...first, again, { does: 'visit', message: 1, version: 2, state: 'booked' }, ...last],
  cancel: [
    ...[...first, cancel, told],
    { does: 'visit', message: 2, version: 1, state: 'cancelled' },
    { does: 'visit', message: 1, version: 1, state: 'cancelled' },
    ...last,
  ],
  cancel_before: [{ does: 'put', version: 1 }, cancel, { does: 'silence' }, { does: 'erase' }],
  delete_before: [{ does: 'put', version: 1 }, { does: 'delete' }, { does: 'silence' }],
  rebook: [
    ...[...first, cancel, told, again],
    { does: 'visit', message: 2, version: 2, state: 'booked' },
    ...last,
  ],
  delete: [
    ...[...first, { does: 'delete' } as const],
    { does: 'visit', message: 1, version: 1, state: 'cancelled' },
  ],
  renew: [
    ...[...first, again, told, { does: 'gone', message: 1 } as const],
    { does: 'visit', message: 2, version: 2, state: 'booked' },
    ...last,
  ],
  renumber: [
    ...[...first, again, told, { does: 'gone', message: 1 } as const],
    { does: 'visit', message: 2, version: 2, state: 'booked' },
    ...last,
  ],
  stale: [
    ...[...first, { does: 'put', version: 2, as: 'stale' } as const],
    { does: 'visit', message: 1, version: 1, state: 'booked' },
    ...last,
  ],
};

/** What is done, one after the other; each of it may be done again by whoever comes after a crash. */
export function canarySteps({ ending }: CanaryBranch): readonly CanaryStep[] {
  return endings[ending];
}
