import { expect } from 'vitest';
import { unaccountedDoubts } from '../../src/domain/doubt-books.ts';
import type { Database } from '../../src/store/database.ts';
import { readDoubtBooks } from '../../src/store/doubt-books.ts';
import type { createDispatchBench } from './dispatch-bench.ts';
import type { MessagesPeer } from './messages-peer.ts';
import type { SeededReminder } from './seed-reminders.ts';

type Bench = ReturnType<typeof createDispatchBench>;

/** The books of doubts, as operators see them; none may be unaccounted for. */
export async function balancedBooks(ops: Database) {
  const organisations = await ops.query<{ id: string }>('select list_organisation_ids() as id');
  const books = await ops.transaction(
    organisations.map(({ id }) => id),
    readDoubtBooks,
  );
  expect(unaccountedDoubts(books), JSON.stringify(books)).toBe(0);
  return books;
}

/** How many copies the peer has taken for each of these reminders. */
export function copiesOf(peer: MessagesPeer, seeded: readonly SeededReminder[]): number[] {
  return seeded.map(({ phone }) => peer.accepted.filter(({ to }) => to === phone).length);
}

/**
 * The peer's own ledger against ours: nothing that is told as sent is missing there, and whatever is
 * there twice is flagged.
 */
export async function expectFlagged(
  seeded: readonly SeededReminder[],
  { peer, bench }: { peer: MessagesPeer; bench: Bench },
): Promise<void> {
  const rows = await bench.rows('select id, state, possible_duplicate from reminders');
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const [place, count] of copiesOf(peer, seeded).entries()) {
    const row = byId.get(seeded[place]?.id);
    if (count > 1) expect(row?.possible_duplicate).toBe(true);
    if (row?.state === 'sent' || row?.state === 'delivered') expect(count).toBeGreaterThan(0);
  }
}
