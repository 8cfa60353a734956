import { readFile } from 'node:fs/promises';
import type { JWK } from 'jose';
import type { Config } from '../../config/env.ts';
import {
  type AuditFinding,
  type AuditHead,
  auditFindings,
  isKnownLoss,
} from '../domain/audit-chain.ts';
import { readAuditHeads } from '../journal/audit-heads.ts';
import { auditHeadReader } from '../keys/audit-head.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { seeOneMoment } from '../store/audit-chain.ts';
import { listAudit } from '../store/audit-reads.ts';
import { exportAudit } from '../usecases/export-audit.ts';
import { type AuditVerdict, verifyAudit } from '../usecases/verify-audit.ts';
import { adminUrlOf, uuidFrom } from './admin.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';
import { dayFrom } from './moments.ts';
import { minuteText, printTable } from './print-table.ts';

interface Values {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly organisation?: string | undefined;
  readonly limit?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly heads?: string | undefined;
  readonly keys?: string | undefined;
  readonly 'accept-restores'?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `sotto audit list`, `export` and `verify`. */
export async function runAudit(
  config: Config,
  { values, positionals }: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  const [action] = positionals;
  if (action === 'list') return list(config, values);
  if (action === 'export') return exportAll(config, values);
  if (action === 'verify') return verify(config, values);
  throw new CommandError('Say list, export or verify.');
}

const limitMax = 10_000;
const dayMs = 86_400_000;

async function list(config: Config, values: Values): Promise<number> {
  const countMax = Number(values.limit ?? 50);
  if (!Number.isSafeInteger(countMax) || countMax < 1 || countMax > limitMax) {
    throw new CommandError(`--limit must be a whole number from 1 to ${limitMax}.`);
  }
  const { actor, action, organisation } = values;
  const organisationId =
    organisation === undefined ? undefined : uuidFrom(organisation, '--organisation');
  const rows = await administer(adminUrlOf(config), (connection) =>
    listAudit(connection, { actor, action, organisationId, countMax }),
  );
  if (values.json) console.log(JSON.stringify(rows));
  else {
    printTable(
      ['WHEN', 'WHO', 'WHAT', 'ORGANISATION', 'ABOUT', 'REASON'],
      rows.map((row) => [
        ...[minuteText(row.at, ''), row.actor, row.action, row.organisationName ?? ''],
        ...[row.subject ?? '', row.reason ?? ''],
      ]),
    );
  }
  return exitCodes.fine;
}

async function exportAll(config: Config, { from, to }: Values): Promise<number> {
  const span = {
    from: from === undefined ? undefined : dayFrom('--from', from),
    to: to === undefined ? undefined : new Date(dayFrom('--to', to).getTime() + dayMs),
  };
  const adminUrl = adminUrlOf(config);
  await administer(adminUrl, (connection) =>
    recordAdministration(connection, {
      action: 'audit.export',
      subject: `from=${from ?? 'first'} to=${to ?? 'last'}`,
    }),
  );
  await administer(adminUrl, async (connection) => {
    await seeOneMoment(connection);
    for await (const line of exportAudit(connection, span)) console.log(JSON.stringify(line));
  });
  return exitCodes.fine;
}

async function verify(config: Config, values: Values): Promise<number> {
  const lives = livesFrom(values['accept-restores']);
  const { heads, forged, told } = await headsFrom(config, values);
  const verdict = await administer(adminUrlOf(config), async (connection) => {
    await seeOneMoment(connection);
    return verifyAudit(connection, { heads });
  });
  const findings = [
    ...verdict.findings,
    ...(forged ? [{ code: 'forged_head' as const }] : []),
    ...(told === 0 ? [{ code: 'no_heads' as const }] : []),
  ];
  const isWhole = findings.every((finding) =>
    isKnownLoss(finding, { chain: verdict.chain, lives }),
  );
  if (values.json) console.log(JSON.stringify({ whole: isWhole, ...jsonOf(verdict), findings }));
  else for (const line of inWords({ ...verdict, findings }, isWhole)) console.log(line);
  return isWhole ? exitCodes.fine : exitCodes.failed;
}

function livesFrom(text: string | undefined): ReadonlySet<number> {
  const lives = text?.split(',').map(Number) ?? [];
  if (lives.some((life) => !Number.isSafeInteger(life) || life < 2)) {
    throw new CommandError('--accept-restores must be numbers of lives from 2 on, such as 2,3.');
  }
  return new Set(lives);
}

async function headsFrom(
  config: Config,
  values: Values,
): Promise<{ heads: AuditHead[]; forged: boolean; told: number }> {
  const path = values.heads ?? config.AUDIT_HEADS.replace(/^file:/, '');
  const lines = await readAuditHeads(path).catch(unreadable('--heads'));
  const read = auditHeadReader(await keysFrom(config, values.keys));
  const all = await Promise.all(lines.map((line) => read(line)));
  const heads = all.filter((head) => head !== undefined);
  return { heads, forged: heads.length < all.length, told: all.length };
}

async function keysFrom(config: Config, path: string | undefined): Promise<readonly JWK[]> {
  if (path === undefined) {
    return keyStoreFromConfig(config).publishedAuditKeys();
  }
  const text = await readFile(path, 'utf8').catch(unreadable('--keys'));
  try {
    const given: unknown = JSON.parse(text);
    if (typeof given !== 'object' || given === null) throw new TypeError();
    return 'keys' in given && Array.isArray(given.keys) ? given.keys : [given as JWK];
  } catch {
    throw new CommandError('The file of --keys is no JSON Web Key.', {
      exitCode: exitCodes.failed,
    });
  }
}

function unreadable(option: string): () => never {
  return () => {
    throw new CommandError(`The file of ${option} cannot be read.`, {
      exitCode: exitCodes.failed,
    });
  };
}

function jsonOf({ chain, linesChecked, newestHead, linesSinceHead }: AuditVerdict) {
  return { chain, linesChecked, newestHead: newestHead ?? null, linesSinceHead };
}

function inWords(verdict: AuditVerdict, isWhole: boolean): string[] {
  const { chain, linesChecked, findings, newestHead, linesSinceHead } = verdict;
  const told = newestHead
    ? `Last told outside ${minuteText(newestHead.at, '')}, up to line ${newestHead.last.id}; since then ${linesSinceHead}.`
    : 'Never told outside, as far as is known here.';
  return [
    `${linesChecked} lines checked, up to line ${chain.last.id}; those up to ${chain.base.id} were deleted when their time was over.`,
    told,
    ...findings.map((finding) => findingInWords(finding, chain.life)),
    isWhole ? 'All of it is as it was written.' : 'It is not as it was written.',
  ];
}

function findingInWords({ code, id, toldInLife }: AuditFinding, life: number): string {
  const where = id === undefined ? code : `${code}, line ${id}`;
  if (toldInLife === undefined) return `${where}: ${auditFindings[code]}`;
  const begun = life === toldInLife + 1 ? `life ${life}` : `lives ${toldInLife + 1} to ${life}`;
  return `${where}: ${auditFindings[code]} (it began ${begun})`;
}
