import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../../config/env.ts';
import type { Mode } from '../domain/channel.ts';
import { Secret } from '../domain/secret.ts';
import { uuidFrom } from './admin.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';

/** Where the API is and what to sign in with there. */
export interface ApiAccess {
  readonly url: string;
  readonly key: Secret<string>;
  readonly mode: Mode;
  /** For which of its organisations a platform acts. */
  readonly organisation: string | undefined;
  /** Where test messages are seen, of an `npm start` on this machine. */
  readonly sandboxUrl: string | undefined;
}

const sandboxFacts = z.object({ apiUrl: z.string(), apiKey: z.string(), sandboxUrl: z.string() });

/**
 * SOTTO_KEY at API_URL; without it, the demo organisation of the `npm start` that runs on DATA_DIR. A
 * key is never taken from the command line, which every user of the machine can list.
 */
export function apiAccess(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  { organisation }: { organisation?: string | undefined } = {},
): ApiAccess {
  const facts = readFacts(config);
  const text = env.SOTTO_KEY?.trim() || facts?.apiKey;
  if (!text) {
    throw new CommandError(
      `No key: set SOTTO_KEY (sotto key create makes one), or run npm start on ${config.DATA_DIR}.`,
      { exitCode: exitCodes.failed },
    );
  }
  const [, mode] = /^sotto_(test|live)_[0-9A-Za-z]+$/.exec(text) ?? [];
  if (!mode)
    throw new CommandError('SOTTO_KEY is no key: it begins with sotto_test_ or sotto_live_.');
  const isOwn = text === facts?.apiKey;
  return {
    url: isOwn && !env.API_URL ? facts.apiUrl : config.API_URL,
    key: new Secret(text),
    mode: mode as Mode,
    organisation: organisation === undefined ? undefined : uuidFrom(organisation, '--organisation'),
    sandboxUrl: isOwn ? facts.sandboxUrl : undefined,
  };
}

/** Where the API of the `npm start` that runs on DATA_DIR is, unless API_URL was given. */
export function sandboxApiUrl(config: Config): string | undefined {
  return process.env.API_URL ? undefined : readFacts(config)?.apiUrl;
}

function readFacts(config: Config) {
  try {
    const facts: unknown = JSON.parse(readFileSync(join(config.DATA_DIR, 'sandbox.json'), 'utf8'));
    return sandboxFacts.safeParse(facts).data;
  } catch {
    return undefined;
  }
}
