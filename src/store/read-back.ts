import { createHash } from 'node:crypto';
import type { AcceptedVersion } from './accepted-version.ts';
import type { Connection } from './database.ts';

/**
 * Reads accepted versions back in a snapshot of its own and compares every immutable column.
 *
 * What a later version, a state or an erasure has replaced since is told by the appointment's
 * counter, and passes.
 *
 * @returns the ids of appointments whose stored row is not what was written
 */
export async function findUnfaithfulVersions(
  connection: Connection,
  versions: readonly AcceptedVersion[],
): Promise<string[]> {
  const rows = await connection.query({
    name: 'read back versions',
    text: `select a.id, a.version as newest, a.deleted_at is not null or a.state = 'erased' as ended,
             v.organisation_id, v.mode, v.version, v.revision, v.receipt_id, v.view_month,
             sha256(v.content) as content
           from unnest($1::uuid[], $2::int[]) as w (id, version)
           left join appointments a on a.id = w.id
           left join versions v on v.appointment_id = w.id and v.version = w.version`,
    values: [versions.map(({ id }) => id), versions.map(({ decision }) => decision.version)],
  });
  const links = await connection.query({
    name: 'read back links',
    text: `select l.id, l.reminder_id, l.lookup,
             sha256(l.seal_public_key || l.note) as sealed, sha256(l.parcel) as parcel
           from links l where l.id = any($1::uuid[])`,
    values: [versions.flatMap(({ sealed }) => sealed.links.map(({ id }) => id))],
  });
  const keys = await connection.query({
    name: 'read back content keys',
    text: `select k.link_id, k.version, sha256(k.sealed_key) as sealed_key
           from unnest($1::uuid[], $2::int[]) as w (link_id, version)
           join content_keys k on k.link_id = w.link_id and k.version = w.version`,
    values: [
      versions.flatMap(({ sealed }) => sealed.contentKeys.map(({ linkId }) => linkId)),
      versions.flatMap(({ sealed, decision }) => sealed.contentKeys.map(() => decision.version)),
    ],
  });
  const rowById = new Map(rows.rows.map((row) => [row.id, row]));
  const linkById = new Map(links.rows.map((row) => [row.id, row]));
  const keyByLink = new Map(keys.rows.map((row) => [`${row.link_id} ${row.version}`, row]));

  return versions
    .filter((version) => {
      const row = rowById.get(version.id);
      if (!row) return true;
      if (row.ended || row.newest > version.decision.version) return false;
      return !(
        versionMatches(version, row) &&
        version.sealed.links.every((link) => linkMatches(link, linkById.get(link.id))) &&
        version.sealed.contentKeys.every(({ linkId, sealedKey }) =>
          sha256(sealedKey).equals(
            keyByLink.get(`${linkId} ${version.decision.version}`)?.sealed_key ?? Buffer.alloc(0),
          ),
        )
      );
    })
    .map(({ id }) => id);
}

function versionMatches(version: AcceptedVersion, row: Record<string, unknown>): boolean {
  return (
    row.organisation_id === version.organisationId &&
    row.mode === version.mode &&
    row.version === version.decision.version &&
    row.revision === version.decision.revision &&
    row.receipt_id === version.receiptId &&
    row.view_month === version.sealed.viewMonth &&
    sha256(version.sealed.content).equals(row.content as Buffer)
  );
}

function linkMatches(
  link: AcceptedVersion['sealed']['links'][number],
  row: Record<string, unknown> | undefined,
): boolean {
  if (!row) return false;
  // A parcel that is gone was settled in the meantime; one that is there must be the one written.
  const parcelMatches = row.parcel === null || sha256(link.parcel).equals(row.parcel as Buffer);
  return (
    parcelMatches &&
    row.reminder_id === link.reminderId &&
    link.lookup.equals(row.lookup as Buffer) &&
    sha256(Buffer.concat([link.sealPublicKey, link.note])).equals(row.sealed as Buffer)
  );
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
