import { type AuditLine, listAuditLines } from '../store/audit-chain.ts';
import type { AnyConnection } from '../store/database.ts';

const pageLines = 2_000;

/**
 * Every line of the audit with its hash, oldest first.
 *
 * @param span from when on, and until before when; by the lines' own times
 */
export async function* exportAudit(
  connection: AnyConnection,
  { from, to }: { from?: Date | undefined; to?: Date | undefined },
): AsyncGenerator<AuditLine> {
  for (let after = 0; ; ) {
    const lines = await listAuditLines(connection, { after, countMax: pageLines });
    for (const line of lines) {
      const at = Date.parse(line.at);
      if ((!from || at >= from.getTime()) && (!to || at < to.getTime())) yield line;
    }
    const last = lines.at(-1);
    if (!last || lines.length < pageLines) return;
    after = last.id;
  }
}
