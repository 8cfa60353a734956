import { type Given, type Options, parseOptions } from './parse-options.ts';

/** A command line that can be copied, and what it is for. */
export interface Example {
  readonly for: string;
  readonly line: string;
}

export const groups = ['Run it', 'Roles', 'Set up', 'Day to day'] as const;

/**
 * What stands in help and on docs/command-line.md. Both are made from it, and so is what is parsed:
 * an option that is not explained does not exist.
 */
export interface CommandHelp {
  readonly name: string;
  readonly group: (typeof groups)[number];
  /** One line for the overview, without a full stop. */
  readonly summary: string;
  /** Each way to write it, without `sotto`. */
  readonly usage: readonly string[];
  /** Paragraphs for whoever wants to know more. */
  readonly about?: readonly string[];
  readonly examples: readonly Example[];
  readonly options: Options;
}

export interface Command extends CommandHelp {
  /** @returns the exit code */
  readonly run: (words: readonly string[]) => Promise<number>;
}

/** `--json`, which every command has that answers something. */
export const json = { type: 'boolean', means: 'Answer in JSON, for programs' } as const;

/**
 * A command whose words are parsed by the options that its help explains.
 *
 * @param definition.positionalsMax how many words beside options it takes; none unless said
 * @param definition.wrongUsageCode what it exits with for a word that it does not know; 2 unless said
 */
export function command<const Known extends Options>(
  definition: CommandHelp & {
    readonly options: Known;
    readonly positionalsMax?: number;
    readonly wrongUsageCode?: number;
    readonly run: (given: Given<Known>) => Promise<number>;
  },
): Command {
  const { positionalsMax = 0, wrongUsageCode, run, ...help } = definition;
  return {
    ...help,
    run: async (words) =>
      run(parseOptions(words, { options: help.options, positionalsMax, wrongUsageCode })),
  };
}
