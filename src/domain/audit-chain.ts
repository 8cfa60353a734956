/** What a line of the audit says: its hash is made of this, and of the line before. */
export interface AuditContent {
  readonly id: number;
  /** UTC to the microsecond, `2026-11-27T01:02:03.000004Z`. */
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly organisationId: string | null;
  readonly subject: string | null;
  readonly reason: string | null;
}

/** A place in the chain of the audit: a line's number, and its hash in hex. */
export interface ChainLink {
  readonly id: number;
  readonly hash: string;
}

/** How far the audit reaches. */
export interface AuditChain {
  /** The last line that was deleted when its time was over; 0 while none was. */
  readonly base: ChainLink;
  readonly last: ChainLink;
  /** When the last line was written, by the database's clock; null: it is deleted, or there is none. */
  readonly lastAt: Date | null;
  /** Which life of the database it is: each restore begins another. */
  readonly life: number;
}

/** The same as it was told outside, at a time by the clock of who told it. */
export interface AuditHead extends AuditChain {
  readonly at: Date;
}

/** What is wrong with an audit. A code is for ever: people and programs act on it. */
export const auditFindings = {
  edited: 'this line is not what was written',
  removed: 'lines before this one are missing',
  base_moved: 'the oldest line does not follow what was deleted when its time was over',
  tail_differs: 'the newest line is not the one that the chain ends with',
  cut: 'lines up to this one were told outside, and are gone',
  rewritten: 'this line was told outside with another hash',
  deleted_early: 'lines up to this one were deleted before their time',
  gone_in_restore:
    'lines up to this one were told outside, and a restore of the database lost them',
  no_heads:
    'nothing that was told outside is here to compare with, so a cut tail could not be seen',
  forged_head: 'what was told outside holds something that was not signed with the key',
} as const;
export type AuditFindingCode = keyof typeof auditFindings;

export interface AuditFinding {
  readonly code: AuditFindingCode;
  /** The line that it is about. */
  readonly id?: number;
  /** Of what a restore lost: the life that had told of it. A restore began each of those after it. */
  readonly toldInLife?: number;
}

/** Nothing younger is ever deleted: the database sees to it. */
const keptDaysMin = 90;
const dayMs = 86_400_000;

/**
 * Holds what was told outside against what is here.
 *
 * A later life may have lost what an earlier one had told: that is found too, as what it is, for who
 * can write to the database can also make it look restored.
 *
 * @param input.hashes of the lines that heads name, by number, as far as they are here
 */
export function judgeAuditHeads({
  heads,
  chain,
  hashes,
  now,
}: {
  heads: readonly AuditHead[];
  chain: AuditChain;
  hashes: ReadonlyMap<number, string>;
  now: Date;
}): AuditFinding[] {
  const youngestGone = now.getTime() - keptDaysMin * dayMs;
  const findings = heads.flatMap((head): AuditFinding[] => {
    const { id, hash } = head.last;
    if (id <= chain.base.id) {
      const isYoung = (head.lastAt?.getTime() ?? 0) > youngestGone;
      if (isYoung) return [{ code: 'deleted_early', id }];
      if (id < chain.base.id) return [];
    }
    const here = id === chain.base.id ? chain.base.hash : hashes.get(id);
    if (here === hash) return [];
    if (head.life < chain.life) return [{ code: 'gone_in_restore', id, toldInLife: head.life }];
    return [{ code: here === undefined ? 'cut' : 'rewritten', id }];
  });
  return lastOfEach(findings);
}

/**
 * Whether somebody knows of the restores that lost this, so that it is no fault: of every one since it was
 * told, for one that was made up must not hide behind a true one.
 *
 * @param lives those that a restore is known to have begun
 */
export function isKnownLoss(
  { code, toldInLife = 0 }: AuditFinding,
  { chain, lives }: { chain: AuditChain; lives: ReadonlySet<number> },
): boolean {
  if (code !== 'gone_in_restore') return false;
  const known = [...lives].filter((life) => life > toldInLife && life <= chain.life);
  return known.length === chain.life - toldInLife;
}

/** One a kind and life, about the newest line: all before it are in the same case. */
function lastOfEach(findings: readonly AuditFinding[]): AuditFinding[] {
  const newest = new Map<string, AuditFinding>();
  for (const finding of findings) {
    const key = `${finding.code} ${finding.toldInLife}`;
    const other = newest.get(key);
    if (!other || (other.id ?? 0) < (finding.id ?? 0)) newest.set(key, finding);
  }
  return [...newest.values()];
}
