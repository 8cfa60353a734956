import { createHash } from 'node:crypto';
import type { AcceptedVersion } from './accepted-version.ts';
import { type Database, uuidArray } from './database.ts';

interface StoredVersion {
  readonly id: string;
  /** A later version or an erasure has replaced what was written. */
  readonly replaced: boolean;
  readonly columns: string | null;
  readonly links: string | null;
  readonly keys: string | null;
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
  const rows = await database.readAs<StoredVersion & Record<string, unknown>>(
    organisationIds,
    `select a.id, a.version > w.version or a.deleted_at is not null as replaced,
       concat_ws(' ', v.organisation_id, v.mode, v.version, coalesce(v.revision, -1), v.receipt_id,
         v.view_month, encode(sha256(v.content), 'hex')) as columns,
       (select string_agg(concat_ws(' ', l.id, l.reminder_id, l.channel,
            encode(sha256(l.lookup || l.seal_public_key || l.note), 'hex'),
            encode(sha256(l.parcel), 'hex')), ',' order by l.id)
        from links l where l.id = any (${uuidArray(linkIds(versions))}) and l.appointment_id = a.id)
         as links,
       (select string_agg(concat_ws(' ', k.link_id, encode(sha256(k.sealed_key), 'hex')), ','
            order by k.link_id)
        from content_keys k where k.appointment_id = a.id and k.version = w.version) as keys
     from unnest(${uuidArray(versions.map(({ id }) => id))}::uuid[],
         '{${versions.map(({ decision }) => Number(decision.version)).join(',')}}'::int[])
         as w (id, version)
       join appointments a on a.id = w.id
       left join versions v on v.appointment_id = w.id and v.version = w.version`,
  );
  const stored = new Map(rows.map((row) => [row.id, row]));
  return versions
    .filter((version) => {
      const row = stored.get(version.id);
      return !row || !(row.replaced || matches(version, row));
    })
    .map(({ id }) => id);
}

function matches(version: AcceptedVersion, row: StoredVersion): boolean {
  const { organisationId, mode, receiptId, decision, sealed } = version;
  const columns = [
    organisationId,
    mode,
    decision.version,
    decision.revision ?? -1,
    receiptId,
    sealed.viewMonth,
    sha256(sealed.content),
  ].join(' ');
  const keys = sealed.contentKeys
    .map(({ linkId, sealedKey }) => `${linkId} ${sha256(sealedKey)}`)
    .sort()
    .join(',');
  return row.columns === columns && (row.keys ?? '') === keys && linksMatch(version, row.links);
}

function linksMatch({ sealed }: AcceptedVersion, stored: string | null): boolean {
  const found = new Set((stored ?? '').split(','));
  return sealed.links.every((link) => {
    const kept = [
      link.id,
      link.reminderId,
      link.channel,
      sha256(Buffer.concat([link.lookup, link.sealPublicKey, link.note])),
    ].join(' ');
    return found.has(kept) || found.has(`${kept} ${sha256(link.parcel)}`);
  });
}

function linkIds(versions: readonly AcceptedVersion[]): string[] {
  return versions.flatMap(({ sealed }) => sealed.links.map(({ id }) => id));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
