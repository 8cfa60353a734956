import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import {
  isWrittenBy,
  type JournalRole,
  journalKinds,
  journalRoles,
} from '../../src/journal/journal-writers.ts';

/** Where each role begins. */
const mains: Record<JournalRole, string> = {
  api: 'src/roles/api.ts',
  patient: 'src/roles/patient.ts',
  worker: 'workers/worker.ts',
  'command-line': 'src/cli.ts',
};
/** Of roles that the command line starts, each has a journal of its own. */
const starts = /^(src\/roles|workers)\//;

/** All code that a role can run. */
function codeOf(role: JournalRole): Map<string, string> {
  const code = new Map<string, string>();
  const paths = [mains[role]];
  for (const path of paths) {
    if (code.has(path) || (role === 'command-line' && starts.test(path))) continue;
    const text = readFileSync(path, 'utf8');
    code.set(path, text);
    const imports = text.matchAll(
      /^(?:import|export) (?!type )[^;]*?from '(\.[^']+\.ts)';|import\('(\.[^']+\.ts)'\)/gm,
    );
    for (const [, one, other] of imports) paths.push(join(dirname(path), one ?? other ?? ''));
  }
  return code;
}

/** How the code that writes a kind can be told, where that is no entry of it written out. */
const signs: Partial<Record<string, RegExp>> = {
  suppression: /\b(?:recordOptOut|recordOptOutClaim|applyReply|stopNumber)\(/,
  suppression_lifted: /\b(?:applyReply|liftedEntry)\(/,
  done: /\{ kind: 'done', change \}/,
};
const knowsEntries = /^src\/(journal\/|usecases\/record-opt-out\.ts$)/;

it.each(journalRoles)(
  'the kinds that %s can write are those that a restore takes of it',
  (role) => {
    const code = [...codeOf(role)].filter(([path]) => !knowsEntries.test(path));
    const written = journalKinds.filter((kind) => {
      const sign = signs[kind] ?? new RegExp(`kind: '${kind}'`);
      return code.some(([, text]) => sign.test(text));
    });
    // Nobody writes it any more.
    const taken = journalKinds.filter((kind) => kind !== 'proof_policy' && isWrittenBy(role, kind));
    expect(written).toEqual(taken);
  },
);
