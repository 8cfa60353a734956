import { z } from 'zod';
import { Secret } from '../src/domain/secret.ts';

const inFiles = /^file:.+/;
const inVault = /^vault:https?:\/\/[^/?#@\s]+(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*){2,}$/;

/** Where keys lie, and with what they are reached; a part of the environment. */
export const keyStoreVariables = {
  KEYSTORE: z
    .string()
    .refine((value) => inFiles.test(value) || inVault.test(value), {
      message: 'must be file:FOLDER, or vault:https://HOST/MOUNT/PATH',
    })
    .refine((value) => !inVault.test(value) || isHttpsOrHere(value), {
      message: 'must begin with vault:https://, but on this machine',
    })
    .optional()
    .describe(
      'Where keys live: file:FOLDER, or vault:https://HOST/MOUNT/PATH in a KV version 2 of HashiCorp Vault. Unset: file:DATA_DIR/keys. Replicated, never backed up with the database.',
    ),
  KEYSTORE_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, { error: 'must be the token alone, without spaces' })
    .transform((value) => new Secret(value))
    .optional()
    .describe(
      'Token of this role for a KEYSTORE in Vault, with its policy alone; renewed each hour while that is allowed.',
    ),
  KEYSTORE_TOKEN_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File with that token, where Vault Agent writes it anew; instead of KEYSTORE_TOKEN.'),
};

/** A KEYSTORE in Vault without a token, or with two. */
export function keyStoreProblems(values: {
  readonly KEYSTORE?: string | undefined;
  readonly KEYSTORE_TOKEN?: Secret<string> | undefined;
  readonly KEYSTORE_TOKEN_FILE?: string | undefined;
}): string[] {
  if (!values.KEYSTORE?.startsWith('vault:')) return [];
  const [token, file] = [values.KEYSTORE_TOKEN, values.KEYSTORE_TOKEN_FILE];
  if (token === undefined && file === undefined) {
    return ['KEYSTORE: in Vault needs KEYSTORE_TOKEN or KEYSTORE_TOKEN_FILE'];
  }
  return token === undefined || file === undefined
    ? []
    : ['KEYSTORE_TOKEN: is set beside KEYSTORE_TOKEN_FILE; one of the two'];
}

function isHttpsOrHere(value: string): boolean {
  const url = value.slice('vault:'.length);
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
