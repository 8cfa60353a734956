import { styleText } from 'node:util';
import { type CommandHelp, groups } from './command.ts';
import { exitCodeMeanings, exitCodes } from './exit-codes.ts';
import type { Options } from './parse-options.ts';

const columnsMax = 80;
const titleColumnsMax = 28;
const comment = { first: '  # ', rest: '  # ' };
const continued = { first: '  ', rest: '      ' };

/** Where help goes; colour follows from it, from NO_COLOR and from FORCE_COLOR. */
type Stream = NodeJS.WriteStream;

/** `sotto --help`: what there is, by group. */
export function overview(commands: readonly CommandHelp[], stream: Stream): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 4;
  const shown = groups.flatMap((group) => {
    const members = commands.filter((command) => command.group === group);
    const rows = members.map(({ name, summary }) => row(name, summary, width));
    return rows.length === 0 ? [] : [`${heading(group, stream)}\n${rows.join('\n')}`];
  });
  return [
    'Sotto: appointment reminders that say nothing.',
    `${heading('Usage', stream)}\n  sotto COMMAND [OPTIONS]\n  sotto help COMMAND      what it does, with examples\n  sotto --version`,
    ...shown,
    `${heading('Exit codes', stream)}\n${exitCodeRows().join('\n')}`,
    'Answers go to stdout, everything else to stderr. Settings come from the\nenvironment; .env.example lists every variable.',
  ].join('\n\n');
}

/** `sotto COMMAND --help`. */
export function helpOf(command: CommandHelp, stream: Stream): string {
  const { name, summary, about = [], examples, options } = command;
  const shownExamples = examples.map(
    (example) => `${wrap(example.for, comment)}\n  ${example.line}`,
  );
  return [
    wrap(`sotto ${name}: ${summary}.`),
    usageOf(command, stream),
    ...(examples.length > 0
      ? [`${heading('Examples', stream)}\n${shownExamples.join('\n\n')}`]
      : []),
    ...(Object.keys(options).length > 0
      ? [`${heading('Options', stream)}\n${optionRows(options).join('\n')}`]
      : []),
    ...about.map((paragraph) => wrap(paragraph)),
  ].join('\n\n');
}

/** The ways to write it, for whoever wrote it another way. */
export function usageOf({ usage }: CommandHelp, stream: Stream): string {
  return [heading('Usage', stream), ...usage.map((line) => wrap(`sotto ${line}`, continued))].join(
    '\n',
  );
}

/** `--name VALUE`, as help and docs write an option. */
export function optionTitle(name: string, { value }: Options[string]): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function optionRows(options: Options): string[] {
  const entries = Object.entries(options);
  const width = Math.max(...entries.map((entry) => optionTitle(...entry).length)) + 4;
  return entries.map(([name, option]) => row(optionTitle(name, option), option.means, width));
}

function exitCodeRows(): string[] {
  return Object.entries(exitCodes).map(([name, code]) =>
    row(String(code), exitCodeMeanings[name as keyof typeof exitCodes].replaceAll('`', ''), 7),
  );
}

function heading(text: string, stream: Stream): string {
  return styleText('bold', `${text}:`, { stream });
}

/** A title and beside it what it means; below it where the title is long. */
function row(title: string, text: string, width: number): string {
  const beside = Math.min(width, titleColumnsMax);
  const rest = ' '.repeat(beside);
  return title.length + 4 > beside
    ? `  ${title}\n${wrap(text, { first: rest, rest })}`
    : wrap(text, { first: `  ${title}`.padEnd(beside), rest });
}

/** Breaks between words, but not within `[--option VALUE]`. */
function wrap(text: string, { first = '', rest = '' } = {}): string {
  const lines: string[] = [];
  let line = first;
  for (const [index, word] of text.split(/ (?![^[]*\])/).entries()) {
    const isFirst = index === 0 || line === rest;
    if (!isFirst && line.length + word.length + 1 > columnsMax) {
      lines.push(line);
      line = rest + word;
    } else line += isFirst ? word : ` ${word}`;
  }
  return [...lines, line].join('\n');
}
