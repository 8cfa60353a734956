/** What was sealed for one link, and to which keys. Days are `YYYY-MM-DD`, months `YYYY-MM`, in UTC. */
export interface SealedLink {
  readonly organisationId: string;
  readonly mode: string;
  readonly reference: string;
  /** What its parcel is sealed to; null once the parcel was emptied. */
  readonly parcelDay: string | null;
  /** Between these days lies the one that an emptied parcel had been sealed to. */
  readonly firstDay: string;
  readonly lastDay: string;
  /** When the parcel was emptied at the latest. */
  readonly emptiedBy: Date | null;
  /** Null where no version is left. */
  readonly viewMonth: string | null;
  readonly createdAt: Date;
}

/** Which private halves were there at a moment; a key that may have been counts as there. */
export interface LivingKeys {
  readonly at: Date;
  hasDay(day: string): boolean;
  hasMonth(organisationId: string, month: string): boolean;
}

/**
 * What somebody with the database and every server key of a moment could open of a link: `pending`, all,
 * for it was still to be sent; `copies`, all with an older copy of the database too; `contact`, only where
 * it was to go; `sealed`, nothing.
 */
export const sealedVerdicts = ['pending', 'copies', 'contact', 'sealed'] as const;
export type SealedVerdict = (typeof sealedVerdicts)[number];

/** Why nothing opens: which key is gone, or that nothing is left. */
export type SealedWhy = 'day_key_gone' | 'view_key_gone' | 'nothing_kept';

export interface JudgedAppointment {
  readonly organisationId: string;
  readonly mode: string;
  readonly reference: string;
  readonly verdict: SealedVerdict;
  readonly why?: SealedWhy | undefined;
}

/** Judges one link. In doubt it counts as open. */
function judgeSealed(
  link: SealedLink,
  keys: LivingKeys,
): { verdict: SealedVerdict; why?: SealedWhy } {
  const isEmptied = link.parcelDay === null && (link.emptiedBy ?? link.createdAt) <= keys.at;
  const days =
    link.parcelDay === null ? daysBetween(link.firstDay, link.lastDay) : [link.parcelDay];
  if (!days.some((day) => keys.hasDay(day))) return { verdict: 'sealed', why: 'day_key_gone' };
  if (link.viewMonth === null) return { verdict: 'contact', why: 'nothing_kept' };
  if (!keys.hasMonth(link.organisationId, link.viewMonth)) {
    return { verdict: 'contact', why: 'view_key_gone' };
  }
  return { verdict: isEmptied ? 'copies' : 'pending' };
}

/** What of each appointment could be opened: as much as of the link that says most. */
export function judgeAppointments(
  links: Iterable<SealedLink>,
  keys: LivingKeys,
): JudgedAppointment[] {
  const judged = new Map<string, JudgedAppointment>();
  for (const link of links) {
    const { organisationId, mode, reference } = link;
    const name = `${organisationId} ${mode} ${reference}`;
    const one = { organisationId, mode, reference, ...judgeSealed(link, keys) };
    const known = judged.get(name);
    if (!known || rank(one) < rank(known)) judged.set(name, one);
  }
  return Array.from(judged.values());
}

const rank = ({ verdict }: JudgedAppointment) => sealedVerdicts.indexOf(verdict);

const daysMax = 40;

/** Both ends with it; of a span that is longer than any parcel is kept, its end. */
function daysBetween(first: string, last: string): string[] {
  const end = Temporal.PlainDate.from(last);
  const { days } = Temporal.PlainDate.from(first).until(end, { largestUnit: 'days' });
  const count = Math.min(Math.max(days, 0), daysMax) + 1;
  return Array.from({ length: count }, (_, step) => end.subtract({ days: step }).toString());
}
