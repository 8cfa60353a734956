/**
 * Brings `.env.example`, and every page that shows the table of variables, in step with the schema
 * in `config/env.ts`:
 *
 *     node scripts/env-example.ts              rewrites them
 *     node scripts/env-example.ts --markdown   prints the table
 *
 * A page shows the table between the lines `<!-- config:start -->` and `<!-- config:end -->`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { environment } from '../config/env.ts';

const root = join(import.meta.dirname, '..');
const columnsMax = 100;

interface Variable {
  readonly name: string;
  readonly description: string;
  readonly fallback: string | undefined;
  readonly choices: readonly string[] | undefined;
}

function variables(): Variable[] {
  const { properties = {} } = z.toJSONSchema(environment, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => {
    if (typeof schema === 'boolean') throw new Error(`${name} has no schema`);
    return {
      name,
      description: schema.description ?? '',
      fallback: schema.default === undefined ? undefined : String(schema.default),
      choices: schema.enum?.map(String),
    };
  });
}

/** The text of `.env.example`: every variable with what it means and its default, commented out. */
export function envExample(): string {
  return [
    comment(
      'Every variable that Sotto reads. Unset or empty means the default, which stands here commented out where it is a fixed value. This file is made from config/env.ts by `node scripts/env-example.ts`.',
    ),
    ...variables().map(
      (variable) =>
        `${comment(variable.description + spokenChoices(variable))}\n#${variable.name}=${variable.fallback ?? ''}`,
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

/** The same as a Markdown table, defaults that follow from others included. */
export function configTable(): string {
  const rows = variables().map((variable) => {
    const { name, description, fallback } = variable;
    const unset = /\s*Unset: (.+?)\.(?=\s|$)/.exec(description);
    const shown = fallback === undefined ? (unset?.[1] ?? 'unset') : `\`${fallback}\``;
    const meaning = description.replace(unset?.[0] ?? '', '').trim();
    return `| \`${name}\` | ${shown} | ${meaning}${spokenChoices(variable)} |`;
  });
  return ['| Variable | Default | Means |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The Markdown pages that show the table. */
export function pagesWithTable(): string[] {
  const docs = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    : [];
  return [...readdirSync(root), ...docs.map((path) => join('docs', path))]
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(root, path))
    .filter((path) => readFileSync(path, 'utf8').includes('<!-- config:start -->'));
}

/** The page as it should read. */
export function withTable(page: string): string {
  return page.replace(
    /(<!-- config:start -->\n)[\s\S]*?(<!-- config:end -->)/g,
    (_, start, end) => `${start}\n${configTable()}\n\n${end}`,
  );
}

function spokenChoices({ choices, description }: Variable): string {
  const silent = choices?.filter((choice) => !description.includes(choice)) ?? [];
  return silent.length > 0 ? ` One of: ${choices?.join(', ')}.` : '';
}

function comment(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length + 3 > columnsMax) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `# ${line}`).join('\n');
}

if (import.meta.main) {
  if (process.argv.includes('--markdown')) {
    console.log(configTable());
  } else {
    writeFileSync(join(root, '.env.example'), envExample());
    for (const page of pagesWithTable()) {
      writeFileSync(page, withTable(readFileSync(page, 'utf8')));
    }
  }
}
