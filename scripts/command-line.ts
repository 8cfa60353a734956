/**
 * Makes `docs/command-line.md` from the commands in `src/cli/commands`, as `sotto help` is:
 *
 *     node scripts/command-line.ts
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandHelp, groups } from '../src/cli/command.ts';
import { commands } from '../src/cli/commands.ts';
import { exitCodeMeanings, exitCodes } from '../src/cli/exit-codes.ts';
import { optionTitle } from '../src/cli/help.ts';

export const commandLinePage = join(import.meta.dirname, '..', 'docs', 'command-line.md');

/** The whole page. */
export function commandLineMarkdown(): string {
  const listed = groups.map((group) => {
    const members = commands.filter((command) => command.group === group);
    const rows = members.map(({ name, summary }) => `| [${name}](#sotto-${name}) | ${summary} |`);
    return `| **${group}** | |\n${rows.join('\n')}`;
  });
  return `${[
    '# The command line',
    `\`sotto help\` says the same in the terminal; both are made from \`src/cli/commands\` (this page by
\`node scripts/command-line.ts\`). In a checkout it is \`npx sotto …\`, on Node 18 or newer: Sotto brings
the Node that it runs on. Commands find a running \`npm start\` through \`DATA_DIR\`, or what
\`DATABASE_URL\`, \`KEYSTORE\` and \`API_URL\` name; \`.env.example\` lists every variable.`,
    `| Command | Does |\n| --- | --- |\n${listed.join('\n')}`,
    '## Output and exit codes',
    `Answers go to stdout, everything else to stderr. \`--json\` answers in JSON, one value a line. Colour
and progress bars are for terminals; \`NO_COLOR\` turns colour off. Nothing personal is printed.`,
    `| Exit code | Means |\n| --- | --- |\n${exitCodeRows().join('\n')}`,
    ...commands.flatMap(sectionOf),
  ].join('\n\n')}\n`;
}

function sectionOf(command: CommandHelp): string[] {
  const { name, summary, usage, about = [], examples, options } = command;
  const rows = Object.entries(options).map(
    ([option, { means, ...rest }]) =>
      `| \`${escaped(optionTitle(option, { means, ...rest }))}\` | ${escaped(means)} |`,
  );
  return [
    `## sotto ${name}`,
    `${sentence(summary)}`,
    block(usage.map((line) => `sotto ${line}`)),
    ...(rows.length > 0 ? [`| Option | Means |\n| --- | --- |\n${rows.join('\n')}`] : []),
    ...about,
    ...(examples.length > 0
      ? [block(examples.flatMap((example) => [`# ${example.for}`, example.line]))]
      : []),
  ];
}

function exitCodeRows(): string[] {
  return Object.entries(exitCodes).map(
    ([name, code]) => `| ${code} | ${exitCodeMeanings[name as keyof typeof exitCodes]} |`,
  );
}

const block = (lines: readonly string[]) => ['```sh', ...lines, '```'].join('\n');
const escaped = (text: string) => text.replaceAll('|', '\\|');
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

if (import.meta.main) writeFileSync(commandLinePage, commandLineMarkdown());
