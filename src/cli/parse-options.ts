import { parseArgs } from 'node:util';
import { CommandError } from './command-error.ts';
import { nearest } from './nearest.ts';

/** One option of a command, as it is parsed and as help explains it. */
export interface Option {
  readonly type: 'string' | 'boolean';
  /** What stands for the value in help, as ID; none for a switch. */
  readonly value?: string;
  /** What it does, in a sentence without a full stop; the default too, where there is one. */
  readonly means: string;
}
export type Options = Readonly<Record<string, Option>>;

/** What was typed after the name of a command. */
export interface Given<Known extends Options> {
  readonly values: {
    readonly [Name in keyof Known]?:
      | (Known[Name]['type'] extends 'string' ? string : boolean)
      | undefined;
  };
  readonly positionals: readonly string[];
}

/** @throws {CommandError} that names the option that is unknown or lacks its value, and repeats no value */
export function parseOptions<const Known extends Options>(
  words: readonly string[],
  {
    options,
    positionalsMax,
    wrongUsageCode,
  }: {
    options: Known;
    positionalsMax: number;
    wrongUsageCode?: number | undefined;
  },
): Given<Known> {
  const wrong = (message: string) =>
    new CommandError(message, wrongUsageCode === undefined ? {} : { exitCode: wrongUsageCode });
  const { values, positionals, tokens } = parseArgs({
    args: [...words],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (!option) throw wrong(unknownOption(token.rawName, Object.keys(options)));
    if (option.type === 'boolean' && token.value !== undefined) {
      throw wrong(`${token.rawName} takes no value.`);
    }
    // A word that begins with a dash is rather the next option; --reason=-x says otherwise.
    const isMissing =
      token.value === undefined || (!token.inlineValue && /^-./.test(token.value ?? ''));
    if (option.type === 'string' && isMissing) throw wrong(`${token.rawName} needs a value.`);
  }
  if (positionals.length > positionalsMax) {
    throw wrong(positionalsMax === 0 ? 'It takes options and no other words.' : 'Too many words.');
  }
  return { values, positionals } as Given<Known>;
}

function unknownOption(name: string, known: readonly string[]): string {
  const near = nearest(name.replace(/^--?/, ''), known);
  return near === undefined
    ? `There is no option ${name}.`
    : `There is no option ${name}. Did you mean --${near}?`;
}
