import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

interface Source {
  readonly path: string;
  readonly text: string;
}

const sources = read('src', 'workers', 'config', 'scripts', 'bin', 'test');
const production = sources.filter(({ path }) => /^(src|workers|config)\//.test(path));

function read(...folders: string[]): Source[] {
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(m?[jt]s|sql|css|sh)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(root, file), text: readFileSync(file, 'utf8') }));
}

/** `path:line` of every line that matches. */
function linesWith(pattern: RegExp, among: readonly Source[]): string[] {
  return among.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  );
}

describe('the code', () => {
  it('is read in full by these checks', () => {
    expect(production.length).toBeGreaterThan(60);
  });

  it('has no file too long for one sitting', () => {
    const long = production.filter(
      ({ path, text }) => path.endsWith('.ts') && text.split('\n').length > 400,
    );
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('has no drawer: a file or folder is named after what is in it', () => {
    const drawer = /(^|\/)(utils?|helpers?|common|misc|types|shared|stuff|lib)(\.|\/)/;
    expect(sources.map(({ path }) => path).filter((path) => drawer.test(path))).toEqual([]);
  });

  it('names its files in kebab-case', () => {
    const kebab = /^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)+$/;
    expect(sources.map(({ path }) => path).filter((path) => !kebab.test(path))).toEqual([]);
  });

  it('leaves nothing for later', () => {
    const later = new RegExp(
      `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`,
    );
    expect(linesWith(later, sources)).toEqual([]);
  });

  it('skips and singles out no test', () => {
    const idle = new RegExp(
      `\\b(it|test|describe)\\.(${['skip', 'only', 'todo', 'fails'].join('|')})\\b`,
    );
    expect(linesWith(idle, sources)).toEqual([]);
  });

  it('reads the environment in the command line alone', () => {
    // The supervisor passes PATH on, so that what it starts finds the programs of the machine.
    const elsewhere = production
      .filter(({ path }) => !/^src\/cli(\/|\.ts$)/.test(path))
      .map(({ path, text }) => ({
        path,
        text: path.startsWith('src/supervisor/') ? text.replaceAll('process.env.PATH', '') : text,
      }));
    expect(linesWith(/\bprocess\.env\b/, elsewhere)).toEqual([]);
  });

  it('draws with Math.random how long to wait, and nothing that must not be foretold', () => {
    const waits = [
      'src/usecases/record-outcome.ts',
      'src/cli/until-answered.ts',
      'workers/webhooks.ts',
    ];
    const elsewhere = production.filter(({ path }) => !waits.includes(path));
    expect(linesWith(/\bMath\.random\b/, elsewhere)).toEqual([]);
  });

  it('compares what is secret in constant time, wherever somebody sends a guess', () => {
    const guessed = [
      ...[
        'usecases/prove-recipient',
        'usecases/portal-login',
        'http/forgery',
        'http/ops/metrics-access',
      ],
      ...['keys/callback-secret', 'keys/receipt-verify', 'keys/password'],
    ].map((name) => `src/${name}.ts`);
    const files = production.filter(({ path }) => guessed.includes(path));
    expect(files).toHaveLength(guessed.length);
    expect(files.filter(({ text }) => !text.includes('timingSafeEqual('))).toEqual([]);
    const secret = String.raw`[\w.]*([dD]igest|[hH]ash|[sS]ecret|[tT]oken|[pP]in|[bB]irthDate|expected|typed)\b(?!\.length)`;
    const compared = new RegExp(
      String.raw`(===|!==|\.(equals|compare|localeCompare)\(|\bObject\.is\()\s*${secret}|\b${secret}\S*\s*(===|!==)(?! (undefined|'))`,
    );
    const plants = [
      'const same = expected === typed;',
      "return normalisePin(pin ?? '') === answer.pin.reveal();",
      'return birthDate !== answer.birthDate.reveal();',
      'if (answer.pin.reveal() === known) return true;',
      'return hash.equals(sentHash);',
      'return known.compare(digest(typed)) === 0;',
      'if (stored.hash === hash) return true;',
    ].map((text, index) => ({ path: String(index), text }));
    expect(linesWith(compared, plants)).toHaveLength(plants.length);
    expect(linesWith(compared, files)).toEqual([]);
  });

  it('speaks SQL in the store alone', () => {
    // prepare-queue.ts grants on the schema that BullMQ made for itself.
    const elsewhere = production.filter(
      ({ path }) => !path.startsWith('src/store/') && path !== 'src/queue/prepare-queue.ts',
    );
    const statement =
      /['"`]\s*(select\s+\S|insert\s+into\s|update\s+\w+(\s+\w+)?\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\()/i;
    const multiline = elsewhere.filter(({ text }) => statement.test(text));
    expect(multiline.map(({ path }) => path)).toEqual([]);
  });

  it('puts no value between quotes into SQL, but constants of its own and what a check of its own let through', () => {
    const known: Record<string, string[]> = {
      'src/store/canary-runs.ts': ['leaseS'],
      'src/store/credential-usage.ts': ['processId'],
      'src/store/incident-affected.ts': ['canaryOrganisationId', 'lateIncidentS', 'reason'],
      'src/store/incident-watch.ts': ['keyMissingSign'],
      'src/store/late-reminders.ts': [
        ...['canaryOrganisationId', 'greylistedMaxS', 'input.lateByS', 'lateIncidentS'],
        ...['leastTimeS', 'mode', 'word'],
      ],
      'src/store/minute-measures.ts': ['canaryOrganisationId'],
      'src/store/ops-reads.ts': ['state'],
      'src/store/parcels.ts': ['state'],
      'src/store/reminder-steps.ts': ['state'],
      'src/store/send-check-turns.ts': ['channel'],
      'src/store/short-lived.ts': ['days', 'duty'],
    };
    const quoted = (text: string) =>
      [...text.matchAll(/'[%\\x]{0,3}\$\{([^}]*)\}/g)].map(([, name = '']) => name);
    const store = production.filter(({ path }) => path.startsWith('src/store/'));
    const found = store.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap(quoted)
        .filter((name) => !known[path]?.includes(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(found).toEqual([]);
  });

  it('puts no value without quotes into SQL either, but numbers of its own', () => {
    const known: Record<string, string[]> = {
      'src/store/credential-writes.ts': ["asNetworks('$2')"],
      'src/store/database.ts': ['lockTimeoutMs', 'statementTimeoutMs'],
      'src/store/incident-affected.ts': ['overlap'],
      'src/store/late-reminders.ts': [
        'by',
        'input.limit',
        'newsFor',
        'of.channel',
        'of.organisation',
      ],
      'src/store/minute-measures.ts': ['boundS'],
      'src/store/outcomes.ts': ['owedAgain', 'providerId'],
      'src/store/parcels.ts': ['grace', 'moment', 'today'],
    };
    const found = production
      .filter(({ path }) => path.startsWith('src/store/'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/(?:limit|offset|[-+<=>]) *\$\{([^}]*)\}/g)]
          .map(([, name = '']) => name)
          .filter((name) => !name.startsWith('limits.') && !known[path]?.includes(name))
          .filter((name) => !new RegExp(`^(?:export )?const ${name} = [\\d_ *]+;$`, 'm').test(text))
          .map((name) => `${path}: ${name}`),
      );
    expect(found).toEqual([]);
  });
});
