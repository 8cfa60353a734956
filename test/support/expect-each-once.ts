import { expect } from 'vitest';
import type { createDispatchBench } from './dispatch-bench.ts';
import type { MessagesPeer } from './messages-peer.ts';
import type { SeededReminder } from './seed-reminders.ts';

/**
 * The peer's own ledger against our tables: each reminder was sent once, or is in doubt and at most
 * once with the peer.
 *
 * @returns how many are in doubt
 */
export async function expectEachOnce(
  seeded: readonly SeededReminder[],
  { peer, bench }: { peer: MessagesPeer; bench: ReturnType<typeof createDispatchBench> },
): Promise<number> {
  const copies = new Map<string, number>();
  for (const { to } of peer.accepted) copies.set(to, (copies.get(to) ?? 0) + 1);
  const rows = await bench.rows(
    `select r.id, r.state, (select array_agg(t.outcome) from attempts t where t.reminder_id = r.id
       and t.outcome <> 'refused') as outcomes from reminders r`,
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  let uncertain = 0;
  for (const { id, phone } of seeded) {
    const row = byId.get(id);
    expect(copies.get(phone) ?? 0).toBeLessThanOrEqual(1);
    expect(['sent', 'uncertain']).toContain(row?.state);
    if (row?.state === 'sent') {
      expect(copies.get(phone)).toBe(1);
    } else {
      uncertain += 1;
      expect(row?.outcomes).toEqual(['uncertain']);
    }
  }
  return uncertain;
}
