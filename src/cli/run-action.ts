import type { Config } from '../../config/env.ts';
import { CommandError } from './command-error.ts';

/** One of the things that a command does, as `create` in `sotto key create`. */
export interface Action<Values> {
  /** How many words it takes after its own. */
  readonly words: 0 | 1;
  /** The options that mean something to it, beside `--json`. */
  readonly options: readonly (keyof Values & string)[];
  readonly run: (config: Config, values: Values, word: string) => Promise<number>;
}

/**
 * Runs the action that the first word names.
 *
 * @throws {CommandError} for an option that belongs to another action: it would be dropped unseen
 */
export async function runAction<Values extends object>(
  config: Config,
  actions: Readonly<Record<string, Action<Values>>>,
  { values, positionals }: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  const [name = '', word = '', ...more] = positionals;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action) throw new CommandError(`Say one of ${Object.keys(actions).join(', ')}.`);
  const isIdGiven = word !== '';
  if (isIdGiven !== (action.words === 1) || more.length > 0) {
    throw new CommandError(
      action.words === 1 ? `${name} takes an id.` : `${name} takes options and no other words.`,
    );
  }
  const stray = Object.keys(values).find(
    (option) => option !== 'json' && !(action.options as readonly string[]).includes(option),
  );
  if (stray) throw new CommandError(`${name} takes no --${stray}.`);
  return action.run(config, values, word);
}
