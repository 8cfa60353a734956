import type { SealedLink } from '../domain/sealed-report.ts';
import type { AdminConnection } from './administration.ts';

export interface SealedSpan {
  readonly from: Temporal.Instant;
  readonly until: Temporal.Instant;
}

/** The next links that there were in a span of time, in the order of their ids. */
export async function readSealedLinks(
  connection: AdminConnection,
  { from, until, after, countMax }: SealedSpan & { after: string; countMax: number },
): Promise<(SealedLink & { linkId: string })[]> {
  const { rows } = await connection.query(
    `select link_id as "linkId", organisation_id as "organisationId", mode, reference,
       parcel_day as "parcelDay", first_day as "firstDay", last_day as "lastDay",
       emptied_by as "emptiedBy", view_month as "viewMonth", created_at as "createdAt"
     from sealed_links($1, $2, $3, $4)`,
    [from.toString(), until.toString(), after, countMax],
  );
  return rows;
}
