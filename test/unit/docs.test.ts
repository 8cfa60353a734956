import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error: plain JavaScript, because dependency-cruiser reads it too
import rules from '../../.dependency-cruiser.mjs';
import { environment } from '../../config/env.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { commands } from '../../src/cli/commands.ts';
import { silentMaxS } from '../../src/domain/duty-silence.ts';
import { errorCodes } from '../../src/domain/errors.ts';
import { incidentCodes } from '../../src/domain/incident.ts';
import { reminderStates } from '../../src/domain/reminder.ts';
import { fieldTexts } from '../../src/http/api/docs/problem-texts.ts';

const root = join(import.meta.dirname, '../..');

interface Page {
  readonly path: string;
  readonly text: string;
}

const pages: readonly Page[] = [...readdirSync(root), ...below('docs')]
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, text: read(path) }));
/** What stands in the examples for compose files, which `compose` reads itself. */
const ofCompose = ['deploy/compose.env.example', 'deploy/machines/env.example'].flatMap((path) =>
  Array.from(read(path).matchAll(/^#?([A-Z_]+)=/gm), ([, name = '']) => name),
);
const code = [...below('src'), ...below('workers'), ...below('config')]
  .filter((path) => /\.(ts|sql)$/.test(path))
  .map((path) => ({ path, text: read(path) }));

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function below(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function page(path: string): string {
  return pages.find((candidate) => candidate.path === path)?.text ?? '';
}

/** What a page holds between one heading and the next of its rank or above. */
function section(text: string, heading: string): string {
  const [marks = ''] = /^#+/.exec(heading) ?? [];
  const start = text.indexOf(`\n${heading}\n`);
  expect(start, heading).toBeGreaterThan(-1);
  const rest = text.slice(start + heading.length + 2);
  return rest.split(new RegExp(`^#{1,${marks.length}} `, 'm'), 1)[0] ?? '';
}

/** The cells of the first column, without the head. */
function firstColumn(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .slice(1)
    .map((line) => line.split('|')[1]?.trim() ?? '');
}

/** Every `…` of a text, those of tables and sentences; not what stands in blocks. */
function quoted(text: string): string[] {
  const outsideBlocks = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
  return Array.from(outsideBlocks.matchAll(/`([^`\n]+)`/g), ([, inside = '']) => inside);
}

/** The anchor of a heading, as GitHub makes it. */
function anchors(text: string): string[] {
  return Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('every page', () => {
  it('is found by these checks', () => {
    expect(pages.length).toBeGreaterThan(14);
  });

  it.each(pages)('has no relative link that leads nowhere: $path', ({ path, text }) => {
    const links = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target);
    const broken = links
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#');
        const goal = file === '' ? path : join(dirname(path), file);
        if (!existsSync(join(root, goal))) return true;
        return anchor !== undefined && !anchors(read(goal)).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  it.each(pages)('names no file that is not there: $path', ({ text }) => {
    const named = quoted(text).filter((name) =>
      /^(?:src|workers|config|scripts|test|docs|bin)\/[^ …]*$/.test(name),
    );
    expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  it.each(pages)('names no variable, script or command that is not there: $path', ({ text }) => {
    const variables = Array.from(text.matchAll(/\b[A-Z]+_[A-Z_]+[A-Z]\b/g), ([name]) => name);
    const outside = ['LEAK_GUARD', 'SOTTO_KEY', 'KEY_ID', 'NODE_ENV', 'NODE_IMAGE', 'NO_COLOR'];
    outside.push('NODE_EXTRA_CA_CERTS', ...ofCompose);
    const unknown = variables.filter(
      (name) => !(name in environment.shape) && !outside.includes(name),
    );
    const scripts = Array.from(text.matchAll(/npm run ([\w:-]+)/g), ([, name = '']) => name);
    const words = Array.from(
      text.matchAll(/(?:cli\.ts|npx sotto|`sotto) ([a-z-]+)/g),
      ([, name = '']) => name,
    );
    const known = ['help', ...commands.map(({ name }) => name)];
    expect({
      variables: unknown,
      scripts: scripts.filter((name) => !(name in packageFile.scripts)),
      commands: words.filter((name) => !known.includes(name)),
    }).toEqual({ variables: [], scripts: [], commands: [] });
  });
});

describe('the README', () => {
  it('names for each of the eight promises a test that exists', () => {
    const rows = section(page('README.md'), '## What it promises, and what proves it today')
      .split('\n')
      .filter((line) => line.startsWith('| **'));
    expect(rows).toHaveLength(8);
    for (const row of rows) {
      const tests = Array.from(row.matchAll(/\]\((test\/[^)]+)\)/g), ([, path = '']) => path);
      expect(tests, row).not.toEqual([]);
      for (const path of tests) {
        expect(path).toMatch(/\.test\.ts$/);
        expect(read(path), path).toMatch(/\bit(\.each\([\s\S]*?\))?\(/);
      }
    }
  });

  it('shows pictures of 150 kB at most', () => {
    const pictures = below('docs/pictures');
    expect(pictures.length).toBeGreaterThan(1);
    expect(pictures.filter((path) => statSync(join(root, path)).size > 150_000)).toEqual([]);
    expect(pictures.filter((path) => !page('README.md').includes(path))).toEqual([]);
  });

  it.each([
    ['README.md', 175],
    ['ARCHITECTURE.md', 190],
  ] as const)('%s is read in one sitting', (path, linesMax) => {
    // Printed figures and the table of variables are looked things up in.
    const text = page(path).replaceAll(
      /<!-- (config|chaos|bench):start -->[\s\S]*<!-- \1:end -->\n\n?/g,
      '',
    );
    expect(text.split('\n').length).toBeLessThanOrEqual(linesMax);
  });
});

describe('the glossary', () => {
  const words = firstColumn(section(page('ARCHITECTURE.md'), '## Glossary')).flatMap((cell) =>
    cell.split(', '),
  );

  it('holds words that the code uses', () => {
    const asOne = (words: string) => words.toLowerCase().replaceAll(/\s/g, '');
    const text = asOne(code.map((file) => file.text).join(''));
    const spoken = words.filter((word) => word.length > 1);
    expect(spoken.length).toBeGreaterThan(15);
    expect(spoken.filter((word) => !text.includes(asOne(word)))).toEqual([]);
  });

  it('is kept to: no page and no code has another word for the same', () => {
    // In quotes it is what PostgreSQL's driver calls its own event.
    const others = /\btenants?\b|\bmagic links?\b|(?<!')\bnotifications?\b|\bfailed jobs?\b/i;
    const found = [...pages, ...code].filter(({ text }) => others.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });
});

describe('the architecture', () => {
  it('names rules that exist', () => {
    const named = quoted(section(page('ARCHITECTURE.md'), '## What there is none of')).filter(
      (name) => /^[a-z]+(-[a-z]+){2,}$/.test(name),
    );
    const { forbidden } = rules as { forbidden: { name: string }[] };
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !forbidden.some((rule) => rule.name === name))).toEqual([]);
  });

  it('lists every folder of the code', () => {
    const codemap = section(page('ARCHITECTURE.md'), '## Codemap');
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `\`src/${name}/\``);
    expect(folders.filter((folder) => !codemap.includes(folder))).toEqual([]);
  });

  it('has decisions numbered without a gap, each a page of 60 lines at most', () => {
    const decisions = readdirSync(join(root, 'docs/adr')).sort();
    decisions.forEach((name, index) => {
      const number = String(index + 1).padStart(4, '0');
      expect(name).toMatch(new RegExp(`^${number}-[a-z-]+\\.md$`));
      const text = read(`docs/adr/${name}`);
      expect(text.split('\n').length, name).toBeLessThanOrEqual(60);
      for (const heading of ['Context', 'Decision', 'Consequences']) {
        expect(text, name).toContain(`\n## ${heading}\n`);
      }
    });
  });

  it('has a line for each library', () => {
    const libraries = page('docs/adr/0007-libraries.md');
    const silent = Object.keys(packageFile.dependencies)
      .map((name) => name.replace('@fastify/', ''))
      .filter((name) => !libraries.includes(name));
    expect(silent).toEqual([]);
  });
});

describe('the page for integrators', () => {
  const text = page('docs/integrators.md');

  it('lists every error with its status, and nothing else', () => {
    const rows = Array.from(text.matchAll(/^\| (\d{3}) \| `(\w+)` \|/gm), ([, status, name]) => [
      name,
      Number(status),
    ]);
    const expected = Object.entries(errorCodes).map(([name, { status }]) => [name, status]);
    expect(rows.toSorted()).toEqual(expected.toSorted());
  });

  it('explains every field code, and none that does not exist', () => {
    const table = text.slice(text.indexOf('| Field code |'), text.indexOf('## Trying'));
    const listed = firstColumn(table).flatMap(quoted);
    expect(listed.toSorted()).toEqual(Object.keys(fieldTexts).toSorted());
  });

  it('explains every state of a reminder', () => {
    const listed = firstColumn(section(text, '## Reading back')).flatMap(quoted);
    expect(listed.toSorted()).toEqual([...reminderStates].toSorted());
  });
});

describe('the page for operators', () => {
  const text = page('docs/operations.md');

  it('names metrics that exist', () => {
    const measured = code
      .filter(({ path }) => path.endsWith('-metrics.ts'))
      .map((file) => file.text)
      .join('');
    const named = Array.from(text.matchAll(/`sotto_([a-z_]+)[{`]/g), ([, name = '']) => name);
    const users = ['api', 'patient', 'ops', 'worker', 'scheduler', 'owner'];
    const metrics = named.filter((name) => !users.includes(name));
    expect(metrics.length).toBeGreaterThan(5);
    const isMeasured = (name: string) =>
      [name, `sotto_${name}`].some((one) => measured.includes(`'${one}'`));
    expect(metrics.filter((name) => !isMeasured(name))).toEqual([]);
  });

  it('says what to do for each kind of incident, under a heading of its own', () => {
    const guide = section(text, '## Incidents');
    const headings = Array.from(guide.matchAll(/^### (\w+)$/gm), ([, name]) => name);
    expect(headings).toEqual([...incidentCodes]);
  });

  it('says of each duty what it means that nobody does it', () => {
    const listed = firstColumn(section(text, '### DutySilent')).flatMap(quoted);
    expect(listed.toSorted()).toEqual([...Object.keys(silentMaxS), 'dead-man'].toSorted());
  });

  it('names log lines that are written', () => {
    const [, sentence = ''] = /Errors that need a person: ([\s\S]*?)\n\n/.exec(text) ?? [];
    const phrases = quoted(sentence.replaceAll('\n', ' '));
    expect(phrases.length).toBeGreaterThan(4);
    expect(phrases.filter((phrase) => !code.some((file) => file.text.includes(phrase)))).toEqual(
      [],
    );
  });
});
