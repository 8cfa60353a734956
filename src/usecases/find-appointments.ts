import { isReference } from '../domain/reference.ts';
import { helpCodeIn } from '../keys/help-code.ts';
import type { Database } from '../store/database.ts';
import { type FoundAppointment, findBy } from '../store/find-reads.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';

export type { FoundAppointment } from '../store/find-reads.ts';

/** In which forms something was looked for. */
export type SearchForm = 'reference' | 'id' | 'help_code';

export interface SearchResult {
  /** Empty when what was typed has the form of nothing that could be found. */
  readonly lookedFor: readonly SearchForm[];
  /** A reference may stand in several organisations and in both modes. */
  readonly found: readonly FoundAppointment[];
  readonly more: boolean;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const foundMax = 50;

/**
 * Finds appointments by whatever somebody has in hand: the booking system's reference as it is
 * written, the id of an appointment or of a reminder, or the help code that a patient reads out.
 */
export async function findAppointments(
  { database }: { database: Pick<Database, 'transaction' | 'query'> },
  { typed }: { typed: string },
): Promise<SearchResult> {
  const text = typed.trim();
  const reference = isReference(text) ? text : undefined;
  const id = uuid.test(text) ? text.toLowerCase() : undefined;
  const helpCode = helpCodeIn(text);
  const lookedFor: SearchForm[] = [
    ...(reference === undefined ? [] : (['reference'] as const)),
    ...(id === undefined ? [] : (['id'] as const)),
    ...(helpCode === undefined ? [] : (['help_code'] as const)),
  ];
  if (lookedFor.length === 0) return { lookedFor, found: [], more: false };
  const organisationIds = await listOrganisationIds(database);
  const found = await database.transaction(organisationIds, (connection) =>
    findBy(connection, { organisationIds, reference, id, helpCode, countMax: foundMax + 1 }),
  );
  return { lookedFor, found: found.slice(0, foundMax), more: found.length > foundMax };
}
