import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { commandLineMarkdown, commandLinePage } from '../../scripts/command-line.ts';
import type { CommandError } from '../../src/cli/command-error.ts';
import { commands } from '../../src/cli/commands.ts';
import { helpOf, overview } from '../../src/cli/help.ts';
import { nearest } from '../../src/cli/nearest.ts';
import { parseOptions } from '../../src/cli/parse-options.ts';

const stream = new PassThrough() as unknown as NodeJS.WriteStream;
const silent = ['up', 'api', 'patient', 'ops', 'worker', 'scheduler', 'sandbox'];

describe('the page about the command line', () => {
  it('is in step with help', () => {
    expect(
      readFileSync(commandLinePage, 'utf8') === commandLineMarkdown(),
      'run: node scripts/command-line.ts',
    ).toBe(true);
  });
});

describe('help', () => {
  it.each(commands)('of $name shows how to write it, an example and each option', (command) => {
    const text = helpOf(command, stream);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const name of Object.keys(command.options)) {
      expect(text).toContain(`  --${name}`);
      expect(command.usage.join(), `--${name} in no usage line`).toContain(`--${name}`);
    }
    for (const line of command.usage) expect(line.startsWith(command.name)).toBe(true);
  });

  it.each(commands)('of $name names no option that does not exist', (command) => {
    const own = command.examples.map(({ line }) => /sotto\b[^|]*/.exec(line)?.[0] ?? '');
    const shown = [...command.usage, ...own].join(' ').matchAll(/(?<=[ []--)(?!env-file)[a-z-]+/g);
    for (const [name] of shown) expect(Object.keys(command.options)).toContain(name);
  });

  it.each(commands)('of $name fits a terminal of 80 columns', (command) => {
    const lines = helpOf(command, stream).split('\n');
    const examples = command.examples.map(({ line }) => `  ${line}`);
    expect(lines.filter((line) => line.length > 80 && !examples.includes(line))).toEqual([]);
  });

  it('lists every command, and has no colour where no terminal is', () => {
    const text = overview(commands, stream);
    for (const { name } of commands) expect(text).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(text).not.toContain('\u001b');
  });

  it('knows --json for every command that answers something', () => {
    const without = commands.filter(({ options }) => !('json' in options)).map(({ name }) => name);
    expect(without).toEqual(silent);
  });
});

describe('a mistyped word', () => {
  it.each([
    ['migarte', 'migrate'],
    ['ky', 'key'],
    ['callback', 'callbacks'],
    ['schedular', 'scheduler'],
  ])('%s is taken for %s', (typed, meant) => {
    const names = commands.map(({ name }) => name);
    expect(nearest(typed, names)).toBe(meant);
  });

  it('that is like none is taken for none', () => {
    expect(nearest('frobnicate', ['migrate', 'key', 'up'])).toBeUndefined();
  });
});

describe('options', () => {
  const options = {
    reason: { type: 'string', value: 'TEXT', means: '' },
    json: { type: 'boolean', means: '' },
  } as const;
  const parse = (...words: string[]) => parseOptions(words, { options, positionalsMax: 1 });
  const complaint = (...words: string[]) => {
    try {
      parse(...words);
    } catch (error) {
      return error as CommandError;
    }
    return undefined;
  };

  it('are read in any order, with values in either form', () => {
    expect(parse('--json', 'one', '--reason', 'a b')).toEqual({
      values: { json: true, reason: 'a b' },
      positionals: ['one'],
    });
    expect(parse('--reason=--odd', '--', '--json')).toEqual({
      values: { reason: '--odd' },
      positionals: ['--json'],
    });
  });

  it.each([
    [['--raeson', 'x'], 'There is no option --raeson. Did you mean --reason?'],
    [['--constructor'], 'There is no option --constructor.'],
    [['-j'], 'There is no option -j.'],
    [['--reason'], '--reason needs a value.'],
    [['--reason', '--json'], '--reason needs a value.'],
    [['--json=yes'], '--json takes no value.'],
    [['one', 'two'], 'Too many words.'],
  ])('%j are refused by name, as wrong usage', (words, message) => {
    expect(complaint(...words)).toMatchObject({ message, exitCode: 2 });
  });

  it('are refused without their values, which may be secrets', () => {
    expect(complaint('--password=hunter2')?.message).toBe('There is no option --password.');
    expect(complaint('--json=hunter2')?.message).not.toContain('hunter2');
  });
});
