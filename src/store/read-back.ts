import { hash } from 'node:crypto';
import type { AcceptedVersion, SealedLink } from './accepted-version.ts';
import { arrayParameter } from './array-parameter.ts';
import type { Database } from './database.ts';

/** A line of a version, of a link or of a content key, whichever it is. */
interface StoredLine {
  readonly appointment_id: string;
  /** A later version or an erasure has replaced what was written. */
  readonly is_replaced: boolean | null;
  readonly version_line: string | null;
  readonly link_line: string | null;
  readonly key_line: string | null;
}

interface StoredVersion {
  isReplaced: boolean;
  version: string;
  readonly links: Set<string>;
  readonly keys: string[];
}

/**
 * Reads accepted versions back in a snapshot of its own and compares the SHA-256 of every immutable
 * column with what was meant to be written.
 *
 * What a later version, a state or an erasure has replaced since is told by the appointment's
 * counter, and passes. So does a parcel that was settled and emptied in the meantime; one that is
 * there must be the one written.
 *
 * @returns the ids of appointments whose stored rows are not what was written
 */
export async function findUnfaithfulVersions(
  database: Database,
  organisationIds: readonly string[],
  versions: readonly AcceptedVersion[],
): Promise<string[]> {
  const lines = await database.readAs<StoredLine & Record<string, unknown>>(organisationIds, {
    name: 'read_accepted',
    text: 'select * from read_accepted($1, $2, $3)',
    values: [
      arrayParameter(
        'uuid',
        versions.map(({ id }) => id),
      ),
      arrayParameter(
        'int',
        versions.map(({ decision }) => decision.version),
      ),
      arrayParameter(
        'uuid',
        versions.flatMap(({ sealed }) => sealed.links.map(({ id }) => id)),
      ),
    ],
  });
  const stored = versionsOf(lines);
  return versions
    .filter((version) => {
      const found = stored.get(version.id);
      return !found || !(found.isReplaced || matches(version, found));
    })
    .map(({ id }) => id);
}

function versionsOf(lines: readonly StoredLine[]): Map<string, StoredVersion> {
  const stored = new Map<string, StoredVersion>();
  for (const { appointment_id: id, ...line } of lines) {
    if (line.version_line !== null) {
      const [version, isReplaced] = [line.version_line, line.is_replaced === true];
      stored.set(id, { isReplaced, version, links: new Set(), keys: [] });
    }
    if (line.link_line !== null) stored.get(id)?.links.add(line.link_line);
    if (line.key_line !== null) stored.get(id)?.keys.push(line.key_line);
  }
  return stored;
}

function matches(accepted: AcceptedVersion, stored: StoredVersion): boolean {
  const { organisationId, mode, receiptId, decision, sealed } = accepted;
  const version = [
    ...[organisationId, mode, decision.version, decision.revision ?? -1, receiptId],
    ...[sealed.viewMonth, sha256(sealed.content)],
  ].join(' ');
  const keys = sealed.contentKeys.map(({ linkId, sealedKey }) => `${linkId} ${sha256(sealedKey)}`);
  return (
    stored.version === version &&
    stored.keys.sort().join(',') === keys.sort().join(',') &&
    sealed.links.every((link) => isStored(link, stored.links))
  );
}

function isStored(link: SealedLink, stored: ReadonlySet<string>): boolean {
  const kept = [
    ...[link.id, link.reminderId, link.channel],
    sha256(Buffer.concat([link.lookup, link.sealPublicKey, link.note])),
  ].join(' ');
  return stored.has(kept) || stored.has(`${kept} ${sha256(link.parcel)}`);
}

function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes);
}
