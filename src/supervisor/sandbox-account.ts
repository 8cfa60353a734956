import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { sandboxAccountPrefix } from '../../config/transports.ts';
import { Secret } from '../domain/secret.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';
import { StartError } from './start-error.ts';

/** How the worker signs in to the sandbox phone, as it would to Twilio. */
export interface SandboxAccount {
  readonly sid: string;
  readonly token: Secret<string>;
}

const sidCharacters = 34;
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * The sandbox's account, made at the first start and kept in `DATA_DIR/sandbox-secrets.json`.
 *
 * @throws {StartError} when others may read the file, or it is not what was written
 */
export function loadSandboxAccount(dataDir: string): SandboxAccount {
  const path = join(dataDir, 'sandbox-secrets.json');
  const kept = readPrivateFile(path);
  if (kept !== undefined) return parseAccount(kept, path);

  const random = Array.from(
    { length: sidCharacters - sandboxAccountPrefix.length },
    () => alphabet[randomInt(alphabet.length)],
  );
  const sid = `${sandboxAccountPrefix}${random.join('')}`;
  const token = randomBytes(16).toString('hex');
  writePrivateFile(path, JSON.stringify({ sid, token }));
  return { sid, token: new Secret(token) };
}

function parseAccount(text: string, path: string): SandboxAccount {
  try {
    const { sid, token } = JSON.parse(text);
    if (typeof sid === 'string' && sid.length === sidCharacters && typeof token === 'string') {
      return { sid, token: new Secret(token) };
    }
  } catch {
    // Falls through to the one answer for every kind of damage.
  }
  throw new StartError(`${path} is damaged: delete it, and a new one is made.`);
}
