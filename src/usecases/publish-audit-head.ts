import type { JWK } from 'jose';
import type { AuditHead, ChainLink } from '../domain/audit-chain.ts';
import { appendAuditHead, readAuditHeads } from '../journal/audit-heads.ts';
import { readHighWaterMark } from '../journal/high-water-mark.ts';
import { auditHeadReader, signAuditHead } from '../keys/audit-head.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { Database } from '../store/database.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import type { NewIncident } from './open-incident.ts';
import { type AuditVerdict, verifyAudit } from './verify-audit.ts';

export interface PublishDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly keys: Pick<KeyStore, 'ensureAuditKey' | 'publishedAuditKeys'>;
  /** `file:PATH`. */
  readonly file: string;
  /** Where the mark lies that knows which restores were dealt with. */
  readonly journal: string;
  /** Another place to tell, if there is one; whether it was taken. */
  readonly post?: ((signed: string) => Promise<boolean>) | undefined;
  openIncident(incident: NewIncident): Promise<unknown>;
  readonly log: Log;
}

const dayMs = 86_400_000;
/** How often it is due. */
export const headsEveryMs = 3_600_000;

/**
 * Tells outside how far the audit goes, signed, and before that checks what was added since it was last
 * told; once a day, and after a start, all of it. What is wrong opens an incident.
 *
 * Every scheduler does it for itself, and keeps no note in the database of having done it: whoever can
 * write there cannot make it stop. One that was not taken is posted again until the next is due: that one
 * covers it, and is signed, checked and written to the file whether or not the other place answers.
 *
 * @returns a round; it rejects when the file cannot be written or the other place did not take it
 */
export function createAuditPublisher(deps: PublishDeps, nowMs: () => number): () => Promise<void> {
  const { database, keys, file, post, log } = deps;
  let owed: string | undefined;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let checkedWholeAtMs = Number.NEGATIVE_INFINITY;
  let checkedTo: ChainLink | undefined;

  async function publish(): Promise<void> {
    const startedAtMs = nowMs();
    const isWhole = startedAtMs - checkedWholeAtMs >= dayMs;
    const lines = await readAuditHeads(file.replace(/^file:/, ''));
    const heads = await readHeads(
      isWhole ? lines : lines.slice(-1),
      await keys.publishedAuditKeys(),
    );
    const from = isWhole ? undefined : checkedTo;
    const { chain, findings } = await database.transaction(
      [],
      (connection) => verifyAudit(connection, { heads, from }),
      { snapshot: true },
    );
    await tell(deps, { chain, findings });
    if (isWhole) checkedWholeAtMs = startedAtMs;
    const key = (await keys.ensureAuditKey()).at(-1);
    if (!key) throw new TypeError('audit key');
    const signed = await signAuditHead({ ...chain, at: new Date() }, key);
    await appendAuditHead(file, signed);
    checkedTo = chain.last;
    toldAtMs = startedAtMs;
    owed = signed;
  }

  return async () => {
    if (owed === undefined || nowMs() - toldAtMs >= headsEveryMs) {
      await publish().catch((error) => {
        log.error('how far the audit goes could not be told', errorFacts(error));
        throw error;
      });
    }
    if (owed !== undefined && post && !(await post(owed))) throw new TypeError('not taken');
    owed = undefined;
  };
}

async function readHeads(lines: readonly string[], keys: readonly JWK[]): Promise<AuditHead[]> {
  const read = auditHeadReader(keys);
  const heads = await Promise.all(lines.map((signed) => read(signed)));
  return heads.filter((head) => head !== undefined);
}

/**
 * A restore is an incident of its own already, if it was one: whoever can write to the database can make it
 * look restored, but the mark outside of it knows only what was told.
 */
async function tell(
  { journal, openIncident, log }: PublishDeps,
  { chain, findings }: Pick<AuditVerdict, 'chain' | 'findings'>,
): Promise<void> {
  const mark = await readHighWaterMark(journal).catch(() => undefined);
  const isKnown = mark !== undefined && mark.life >= chain.life;
  const wrong = findings.filter(({ code }) => !(isKnown && code === 'gone_in_restore'));
  if (wrong.length === 0) return;
  log.error('the audit was changed', { code: wrong[0]?.code ?? '', count: wrong.length });
  const facts: Record<string, number> = {};
  for (const { code } of wrong) facts[code] = (facts[code] ?? 0) + 1;
  await openIncident({ code: 'audit_broken', since: Temporal.Now.instant(), facts });
}
