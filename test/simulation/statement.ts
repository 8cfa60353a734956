import type { Change, LinkRow, ReminderRow, Tables } from './tables.ts';

/** The parameters of one statement, as the store passes them to the driver. */
// biome-ignore lint/suspicious/noExplicitAny: they are untyped there too
export type Values = readonly any[];
export type ResultRow = Readonly<Record<string, unknown>>;

/** What one statement of the store does to the tables, and the rows it answers. */
export type Statement = (change: Change, values: Values) => readonly ResultRow[];

/** By the name that the store gives a statement; of one without a name, how its text begins. */
export type Statements = Readonly<Record<string, Statement>>;

export function reminderBy({ reminders }: Tables, id: string): ReminderRow | undefined {
  return reminders.find((row) => row.id === id);
}

/** In the order of their ids, like everyone who locks them. */
export function remindersOf({ reminders }: Tables, ids: readonly string[]): ReminderRow[] {
  return reminders.filter(({ id }) => ids.includes(id)).sort(byId);
}

export function byId(one: { id: string }, other: { id: string }): number {
  return one.id < other.id ? -1 : 1;
}

/** A link that nobody has tried, on another channel, that could still be opened. */
export function untriedOther(tables: Tables, reminder: ReminderRow): LinkRow | undefined {
  return tables.links.find(
    (link) =>
      link.reminder_id === reminder.id &&
      link.channel !== reminder.channel &&
      link.current &&
      link.revoked_at === null &&
      link.attempted_at === null &&
      link.parcel !== null,
  );
}
