import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { uncountedReasons } from '../../config/retry.ts';
import { reminderStates } from '../../src/domain/reminder.ts';
import { disabledReasons } from '../../src/domain/webhook.ts';
import { reasonWords, wordsOf } from '../../src/http/ops/reason-words.ts';
import { stateWords } from '../../src/http/ops/state-words.ts';

const root = join(import.meta.dirname, '../..');

/** Where a code may be given to a reminder, an attempt or an event. */
const sources = ['config', 'src/domain', 'src/store', 'src/transport', 'src/usecases'].flatMap(
  (place) =>
    readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, place, name), 'utf8')),
);
/** What the database's own functions give stands there as it is today. */
sources.push(readFileSync(join(root, 'src/store/schema.sql'), 'utf8'));
/** How it is written there: as a value, as a column, or as a refusal. */
const writings = [
  /\breason(?:Code)?(?::| =) '(\w+)'/g,
  /\b(?:reason_code|event_reason) = '(\w+)'/g,
  /\b(?:again|gone|lost)\('(\w+)'/g,
];
/** Unions that are of something else are named after what they are. */
const union = /export type (?:SendReason|OpeningFailure|SkipReason) =((?:\s*\|? ?'\w+')+);/g;
/** Why a redrive is refused, or an endpoint gets nothing: told in words of their own. */
const elsewhere: readonly string[] = [
  'not_failed',
  'needs_reissue',
  'too_late',
  'alone_limit',
  ...disabledReasons,
];

/** Likewise in SQL, where the column is named before the values are. */
const insertion =
  /insert into (?:events|attempts) \(([^)]*)\)\s+(?:select(?: distinct)?|values \()\s/g;
const assignment = /\breason_code = (case\b[\s\S]*?\bend)\b/g;

function codesInSql(text: string): string[] {
  const inserted = Array.from(text.matchAll(insertion), ({ 0: all, 1: columns = '', index }) => {
    const place = columns.split(',').findIndex((column) => column.trim() === 'reason_code');
    return expressionsIn(text.slice(index + all.length))[place] ?? '';
  });
  const assigned = Array.from(text.matchAll(assignment), ([, choice = '']) => choice);
  return [
    ...inserted.flatMap((value) => [...value.matchAll(/'(\w+)'/g)]),
    ...assigned.flatMap((value) => [...value.matchAll(/\b(?:then|else) '(\w+)'/g)]),
  ].map(([, code = '']) => code);
}

/** What stands between the commas that are in no parentheses, up to the end of a list of values. */
function expressionsIn(text: string): string[] {
  const all = [''];
  let depth = 0;
  for (const [piece] of text.matchAll(/\(|\)|,|;|`|\w+|[^\w(),;`]+/g)) {
    if (piece === '(') depth += 1;
    if (piece === ')') depth -= 1;
    if (depth < 0 || piece === ';' || piece === '`' || (depth === 0 && piece === 'from')) break;
    if (piece === ',' && depth === 0) all.push('');
    else all[all.length - 1] += piece;
  }
  return all;
}

function codesIn(text: string): string[] {
  const members = Array.from(text.matchAll(union), ([, list = '']) => list).join(' ');
  return [
    ...Array.from(members.matchAll(/'(\w+)'/g), ([, code = '']) => code),
    ...codesInSql(text),
    ...writings.flatMap((writing) => Array.from(text.matchAll(writing), ([, code = '']) => code)),
  ];
}

const given = new Set([...sources.flatMap(codesIn), ...uncountedReasons]);

describe('the words for codes', () => {
  it('are there for every code that transports, retry rules, sweeps, use cases and SQL can give', () => {
    const ofCode = ['process_died', 'blocked_by_carrier', 'lease_passed', 'LEAK_GUARD'];
    const ofSql = ['link_key_revoked', 'by_recipient', 'restored', 'factor_locked'];
    for (const code of [...ofCode, ...ofSql]) expect(given, code).toContain(code);
    const missing = [...given].filter((code) => !Object.hasOwn(reasonWords, code));
    expect(missing.filter((code) => !elsewhere.includes(code))).toEqual([]);
  });

  it('are there for no code that nothing gives', () => {
    const unused = Object.keys(reasonWords).filter(
      (code) => !given.has(code) && !sources.some((text) => text.includes(`'${code}'`)),
    );
    expect(unused).toEqual([]);
  });

  it('are sentences, and a code of a newer version is no surprise', () => {
    for (const { words, advice } of Object.values(reasonWords)) {
      expect(words).toMatch(/^[A-Z].*\.$/);
      if (advice) expect(advice).toMatch(/[.]$/);
    }
    for (const code of ['of_a_newer_version', 'constructor', '__proto__']) {
      expect(wordsOf(code).words).toContain('no words');
    }
  });

  it('are there for every state, and go on from "It"', () => {
    expect(Object.keys(stateWords).sort()).toEqual([...reminderStates].sort());
    for (const { words } of Object.values(stateWords)) {
      expect(`It ${words}.`).toMatch(/^It (?:is|was|waits|arrived|did not|may have)\b/);
    }
  });
});
