import type { Secret } from '../domain/secret.ts';
import { sessionHash } from '../keys/code-hash.ts';
import { readNewestCode } from '../store/codes.ts';
import type { Database } from '../store/database.ts';
import type { OpenedLink } from './open-link.ts';

/** Whether this browser session has asked for a code that may still be typed. */
export async function hasCode(
  { database }: { database: Pick<Database, 'transaction'> },
  { link, visitId }: { link: OpenedLink; visitId: Secret<string> },
): Promise<boolean> {
  const { organisationId, linkId } = link.stored;
  const newest = await database.transaction([organisationId], (connection) =>
    readNewestCode(connection, linkId),
  );
  return newest?.session.equals(sessionHash(visitId)) === true && newest.live;
}
