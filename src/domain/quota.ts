/** What a credential, or all of an organisation together, may have accepted; null: no ceiling. */
export interface Ceilings {
  /** Accepted PUTs, also those that replace. */
  readonly appointmentsPerHour: number | null;
  readonly appointmentsPerDay: number | null;
  /** Reminders and notices that were added and are not skipped. */
  readonly remindersPerHour: number | null;
  readonly remindersPerDay: number | null;
  /** Different phone numbers of recipients. */
  readonly numbersPerHour: number | null;
}
export type CeilingName = keyof Ceilings;
/** What is not named has no ceiling. */
export type Quotas = Partial<Ceilings>;

export const ceilingNames = [
  'appointmentsPerHour',
  'appointmentsPerDay',
  'remindersPerHour',
  'remindersPerDay',
  'numbersPerHour',
] as const satisfies readonly CeilingName[];

export const noCeilings: Ceilings = {
  appointmentsPerHour: null,
  appointmentsPerDay: null,
  remindersPerHour: null,
  remindersPerDay: null,
  numbersPerHour: null,
};

/** Whole numbers, both ends included. More numbers than that are no longer told apart well. */
export const ceilingBounds: Readonly<Record<CeilingName, { minimum: number; maximum: number }>> = {
  appointmentsPerHour: { minimum: 1, maximum: 1_000_000 },
  appointmentsPerDay: { minimum: 1, maximum: 10_000_000 },
  remindersPerHour: { minimum: 1, maximum: 1_000_000 },
  remindersPerDay: { minimum: 1, maximum: 10_000_000 },
  numbersPerHour: { minimum: 1, maximum: 50_000 },
};

/** What was accepted in the hour or the day that each ceiling is for. */
export type Usage = Readonly<Record<CeilingName, number>>;

export const noUsage: Usage = {
  appointmentsPerHour: 0,
  appointmentsPerDay: 0,
  remindersPerHour: 0,
  remindersPerDay: 0,
  numbersPerHour: 0,
};

/** One PUT that asks to be accepted. */
export interface Asked {
  readonly reminders: number;
  readonly hasNumber: boolean;
}

export function addUsage(usage: Usage, { reminders, hasNumber }: Asked): Usage {
  return {
    appointmentsPerHour: usage.appointmentsPerHour + 1,
    appointmentsPerDay: usage.appointmentsPerDay + 1,
    remindersPerHour: usage.remindersPerHour + reminders,
    remindersPerDay: usage.remindersPerDay + reminders,
    numbersPerHour: usage.numbersPerHour + Number(hasNumber),
  };
}

/**
 * Which ceiling keeps a PUT from being accepted, that of the longer wait first. Once as many numbers
 * were used as there may be, one that was used before is refused as well: a sketch does not know it.
 */
export function ceilingInTheWay(
  ceilings: Quotas,
  usage: Usage,
  asked: Asked,
): CeilingName | undefined {
  const after = addUsage(usage, asked);
  return ceilingsByWait.find(
    (name) => after[name] > usage[name] && after[name] > (ceilings[name] ?? Infinity),
  );
}

const ceilingsByWait = ceilingNames.toSorted((one, other) => windowMs(other) - windowMs(one));

/** How long the hour or the UTC day lasts that a ceiling is for. */
function windowMs(name: CeilingName): number {
  return name.endsWith('PerDay') ? 24 * 3_600_000 : 3_600_000;
}

/** When the hour and the UTC day of an instant began, in milliseconds since 1970. */
export function windowsAt(nowMs: number): { readonly hourMs: number; readonly dayMs: number } {
  const begin = (lengthMs: number) => nowMs - (nowMs % lengthMs);
  return { hourMs: begin(3_600_000), dayMs: begin(24 * 3_600_000) };
}

/** Until the hour or the day of a ceiling is over. */
export function waitS(name: CeilingName, nowMs: number): number {
  const lengthMs = windowMs(name);
  return Math.ceil((lengthMs - (nowMs % lengthMs)) / 1_000);
}

/** Whether there is a ceiling at all. */
export function isBounded(ceilings: Quotas): boolean {
  return ceilingNames.some((name) => ceilings[name] !== null && ceilings[name] !== undefined);
}
