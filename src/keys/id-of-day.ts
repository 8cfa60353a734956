import { randomUUID } from 'node:crypto';

const versionAt = 14;

/**
 * A new id, which begins like all others of the same send day and is random otherwise. So what is due
 * together stands together in every index by ids, however much else is scheduled: PostgreSQL reads, changes
 * and logs few pages for it instead of one in each index for each row.
 *
 * @param epochPublicKey of the day. Two bytes of it are what ids begin with: who does not have the key cannot
 *   tell the day by an id, but that two are of one.
 * @see RFC 9562, section 5.8: UUID version 8
 */
export function newIdOfDay(epochPublicKey: Buffer): string {
  const day = epochPublicKey.toString('hex', 0, 2);
  const random = randomUUID();
  return `${day}${random.slice(day.length, versionAt)}8${random.slice(versionAt + 1)}`;
}
