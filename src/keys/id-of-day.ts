import { randomBytes, randomUUID } from 'node:crypto';

const versionAt = 14;
const shelfBytes = 2;
/** Some fifty appointments of each day of a year: about one page of an index. */
const idsOfShelf = 65_536;
let shelf = '';
let leftOfShelf = 0;

/**
 * A new id, which begins like all others of the same send day, goes on like what this process made lately for
 * that day, and is random otherwise. So what is due together stands together in every index by ids, and what
 * is accepted together goes to one page of each for a day, however much else is scheduled: PostgreSQL reads,
 * changes and logs few pages for it instead of one in each index for each row.
 *
 * @param epochPublicKey of the day. Two bytes of it are what ids begin with: who does not have the key cannot
 *   tell the day by an id, but that two are of one. The next two are drawn now and then, and tell likewise
 *   that two were made by one process.
 * @see RFC 9562, section 5.8: UUID version 8
 */
export function newIdOfDay(epochPublicKey: Buffer, onShelf = currentShelf()): string {
  const start = `${epochPublicKey.toString('hex', 0, 2)}${onShelf}`;
  const random = randomUUID();
  return `${start}${random.slice(start.length, versionAt)}8${random.slice(versionAt + 1)}`;
}

/** What of the ids of a day is made by one process at about the same time. */
export function newShelf(): string {
  return randomBytes(shelfBytes).toString('hex');
}

function currentShelf(): string {
  if (leftOfShelf === 0) {
    shelf = newShelf();
    leftOfShelf = idsOfShelf;
  }
  leftOfShelf -= 1;
  return shelf;
}
