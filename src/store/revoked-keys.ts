import type { AdminConnection } from './administration.ts';
import type { Connection, Database } from './database.ts';
import type { AgeingParcel } from './parcels.ts';

/** Lets no link of a selector open any more, from the COMMIT on. */
export async function insertRevokedSelector(
  connection: AdminConnection,
  selector: string,
): Promise<void> {
  await connection.query(
    'insert into revoked_selectors (selector) values ($1) on conflict do nothing',
    [selector],
  );
}

/** Selectors of which no link opens any more. */
export async function readRevokedSelectors(connection: AdminConnection): Promise<string[]> {
  const { rows } = await connection.query<{ selector: string }>(
    'select selector from revoked_selectors order by selector',
  );
  return rows.map(({ selector }) => selector);
}

/** The same, for whoever signs links. */
export async function findRevokedSelectors(database: Pick<Database, 'query'>): Promise<string[]> {
  const rows = await database.query<{ selector: string }>(
    'select selector from revoked_selectors',
    [],
    'find revoked selectors',
  );
  return rows.map(({ selector }) => selector);
}

/** What became of links that went out under a selector. */
export interface RevokedLinks {
  /** Works no longer; whoever may have it is told of as `reminder.needs_reissue`. */
  readonly ended: number;
  /** Goes out once more, under another selector. */
  readonly owed: number;
}

/** Ends the next links of a selector, in the order of their ids. @returns `last` undefined: no more */
export async function revokeLinksOf(
  connection: AdminConnection,
  input: { selector: string; after: string; countMax: number },
): Promise<RevokedLinks & { last: string | undefined }> {
  const { rows } = await connection.query(
    'select last_id, ended, owed from revoke_links_of($1, $2, $3)',
    [input.selector, input.after, input.countMax],
  );
  const [row] = rows;
  return { last: row?.last_id ?? undefined, ended: row?.ended ?? 0, owed: row?.owed ?? 0 };
}

/**
 * Goes through the next links of a restored database, in the order of their ids, and ends those whose
 * key was revoked. @returns the last that was looked at; undefined when there are no more
 */
export async function endRevokedLinks(
  connection: Connection,
  { after, countMax }: { after: string; countMax: number },
): Promise<string | undefined> {
  const { rows } = await connection.query<{ last: string | null }>(
    'select end_revoked_links($1, $2) as last',
    [after, countMax],
  );
  return rows[0]?.last ?? undefined;
}

export async function insertRevokedDay(connection: AdminConnection, day: string): Promise<void> {
  await connection.query('insert into revoked_days (day) values ($1) on conflict do nothing', [
    day,
  ]);
}

/** Days whose key somebody else may have, `YYYY-MM-DD`, and that something may still be sealed to. */
export async function readRevokedDays(database: Pick<Database, 'query'>): Promise<string[]> {
  const rows = await database.query<{ day: string }>(
    'select day::text as day from revoked_days where day > current_date - 7 order by day',
  );
  return rows.map(({ day }) => day);
}

/** Parcels sealed to one day, the next ones in the order of their links' ids. */
export async function findParcelsOfDay(
  database: Pick<Database, 'query'>,
  { day, after, countMax }: { day: string; after: string; countMax: number },
): Promise<AgeingParcel[]> {
  return database.query<AgeingParcel>(
    // As in findAgeingParcels: by the day, not by id.
    `select * from (
       select id as "linkId", organisation_id as "organisationId", appointment_id as "appointmentId",
         reminder_id as "reminderId", parcel, parcel_day::text as "parcelDay"
       from links where parcel is not null and parcel_day = $1 offset 0) l
     where "linkId" > $2 order by "linkId" limit $3`,
    [day, after, countMax],
  );
}

/** How many links that work were signed with each key, and until when the last of them does. */
export async function linksBySelector(
  connection: AdminConnection,
): Promise<{ selector: string; count: number; lastExpiresAt: Date }[]> {
  const { rows } = await connection.query(
    `select selector, links::int as count, last_expires_at as "lastExpiresAt"
     from links_by_selector() order by 1`,
  );
  return rows;
}

/** How many contacts said stop under each pepper, by its id. */
export async function suppressionsByPepper(
  connection: AdminConnection,
): Promise<{ pepper: string; count: number }[]> {
  const { rows } = await connection.query(
    'select pepper, count(*)::int as count from suppressions group by pepper order by pepper',
  );
  return rows;
}
