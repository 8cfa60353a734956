import {
  type AuditChain,
  type AuditFinding,
  type AuditHead,
  type ChainLink,
  judgeAuditHeads,
} from '../domain/audit-chain.ts';
import { auditHash } from '../keys/audit-hash.ts';
import {
  type AuditLine,
  listAuditLines,
  readAuditChain,
  readAuditHashes,
} from '../store/audit-chain.ts';
import type { AnyConnection } from '../store/database.ts';

/** What a check of the audit found. */
export interface AuditVerdict {
  readonly chain: AuditChain;
  /** Empty: nothing was changed, removed, swapped or cut off. */
  readonly findings: readonly AuditFinding[];
  readonly linesChecked: number;
  /** The newest that was told outside; what came after it is held by the chain alone. */
  readonly newestHead: AuditHead | undefined;
  readonly linesSinceHead: number;
}

const pageLines = 2_000;
/** More would say no more: where so much is wrong, all of it is. */
const findingsMax = 100;

/**
 * Makes the hash of every line anew and compares, then holds what was told outside against it. Whoever
 * changes lines and makes all later hashes anew is found by the latter alone.
 *
 * @param connection one that sees a single moment, else lines that are written meanwhile look wrong
 * @param input.from where to begin; absent, or not what is there any more: at the oldest line that is kept
 */
export async function verifyAudit(
  connection: AnyConnection,
  { heads, from }: { heads: readonly AuditHead[]; from?: ChainLink | undefined },
): Promise<AuditVerdict> {
  const { chain, now } = await readAuditChain(connection);
  const known = [...heads.map(({ last }) => last), ...(from ? [from] : [])];
  const hashes = await readAuditHashes(
    connection,
    known.map(({ id }) => id),
  );
  const isThere = from && from.id > chain.base.id && hashes.get(from.id) === from.hash;
  const walked = await walk(connection, { begin: isThere ? from : chain.base, chain });
  const newestHead = newestOf(heads);
  return {
    chain,
    findings: [...walked.findings, ...judgeAuditHeads({ heads, chain, hashes, now })],
    linesChecked: walked.linesChecked,
    newestHead,
    linesSinceHead: Math.max(0, chain.last.id - (newestHead?.last.id ?? chain.base.id)),
  };
}

async function walk(
  connection: AnyConnection,
  { begin, chain }: { begin: ChainLink; chain: AuditChain },
): Promise<{ findings: AuditFinding[]; linesChecked: number }> {
  const findings: AuditFinding[] = [];
  let before = begin;
  let linesChecked = 0;
  for (;;) {
    const lines = await listAuditLines(connection, { after: before.id, countMax: pageLines });
    for (const line of lines) {
      if (findings.length < findingsMax && !follows(before, line)) {
        findings.push({ code: findingFor(before, line, chain), id: line.id });
      }
      before = line;
    }
    linesChecked += lines.length;
    if (lines.length < pageLines) break;
  }
  const { last } = chain;
  if (before.id !== last.id || before.hash !== last.hash) {
    findings.push({ code: 'tail_differs', id: last.id });
  }
  return { findings, linesChecked };
}

function follows(before: ChainLink, line: AuditLine): boolean {
  return auditHash(Buffer.from(before.hash, 'hex'), line).toString('hex') === line.hash;
}

function findingFor(
  before: ChainLink,
  line: AuditLine,
  { base }: AuditChain,
): AuditFinding['code'] {
  if (line.id === before.id + 1) return 'edited';
  return before.id === base.id && base.id > 0 ? 'base_moved' : 'removed';
}

function newestOf(heads: readonly AuditHead[]): AuditHead | undefined {
  return heads.reduce<AuditHead | undefined>(
    (newest, head) => (!newest || head.at >= newest.at ? head : newest),
    undefined,
  );
}
