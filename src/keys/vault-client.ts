import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { limits } from '../../config/limits.ts';
import type { Secret } from '../domain/secret.ts';
import { errorCode } from './key-files.ts';

/** Vault gave no answer to the question: it is away, sealed, or refuses. Says why, and nothing that it said. */
export class VaultAway extends Error {
  /** It refuses this question, and may answer another. */
  readonly refuses: boolean;

  constructor(why: string, { refuses = false } = {}) {
    super(why);
    this.name = 'VaultAway';
    this.refuses = refuses;
  }
}

/** Where the token comes from: a file is read anew each time, as an agent renews it there. */
export type VaultToken = { readonly token: Secret<string> } | { readonly file: string };

export interface VaultAnswer {
  /** 2xx or 404; 400 where a version is there that was not to be. */
  readonly status: number;
  readonly body: unknown;
}

export interface VaultClient {
  /** @throws {VaultAway} for every other status, and when nothing comes back in time */
  ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<VaultAnswer>;
}

export interface VaultClientOptions {
  readonly origin: string;
  readonly token: VaultToken;
  readonly timeoutMs?: number;
  readonly nowMs?: () => number;
}

const renewedEachMs = 3_600_000;
/** A folder of view keys of one organisation is some hundred bytes; 10,000 organisations are 400 kB. */
const answerBytesMax = 4_000_000;

const whyByStatus: Readonly<Record<number, string>> = {
  403: 'Vault forbids it to this token',
  412: 'Vault is not up to date here',
  429: 'Vault is asked too often',
  503: 'Vault is sealed, or in maintenance',
};

/**
 * Speaks to Vault over HTTP. A token of ours is renewed each hour while it is used; one in a file is
 * whoever's who writes that file.
 *
 * @see https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
export function vaultClient({
  origin,
  token,
  timeoutMs = limits.vaultTimeoutMs,
  nowMs = Date.now,
}: VaultClientOptions): VaultClient {
  let renewedAtMs = Number.NEGATIVE_INFINITY;

  async function send(method: string, path: string, body?: unknown): Promise<Response> {
    const text = await tokenText(token);
    try {
      return await fetch(`${origin}/v1/${path}`, {
        method,
        headers: {
          'x-vault-token': text,
          'x-vault-request': 'true',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A token is not carried to where an answer says.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw new VaultAway(whyUnreached(error));
    }
  }

  /** Nobody waits for it, and a token that cannot be renewed is told of when it ends. */
  function renewTogether(): void {
    if ('file' in token || nowMs() - renewedAtMs < renewedEachMs) return;
    renewedAtMs = nowMs();
    send('POST', 'auth/token/renew-self', {})
      .then((response) => response.body?.cancel())
      .catch(() => {});
  }

  return {
    async ask(method, path, body) {
      const response = await send(method, path, body);
      const { status } = response;
      if (!response.ok && status !== 400 && status !== 404) {
        await response.body?.cancel().catch(() => {});
        throw new VaultAway(whyRefused(status), { refuses: status === 403 });
      }
      const said = await bodyOf(response);
      // It has other reasons for 400: a mount that is being upgraded, a path or a header that it does not take.
      if (status === 400 && !isMismatch(said)) throw new VaultAway(whyRefused(status));
      renewTogether();
      return { status, body: said };
    },
  };
}

/** Of check-and-set. Vault and OpenBao tell it from other faults by this text alone. */
function isMismatch(body: unknown): boolean {
  const said = z.object({ errors: z.array(z.string()) }).safeParse(body).data?.errors ?? [];
  return said.some((line) => line.includes('check-and-set parameter did not match'));
}

async function tokenText(token: VaultToken): Promise<string> {
  if ('token' in token) return token.token.reveal();
  const text = await readFile(token.file, 'utf8').catch((error: unknown) => {
    throw new VaultAway(`KEYSTORE_TOKEN_FILE cannot be read, ${errorCode(error)}`);
  });
  // What is no token must not reach the headers: their complaint would print it.
  if (!/^[\x21-\x7e]+\s*$/.test(text)) throw new VaultAway('KEYSTORE_TOKEN_FILE holds no token');
  return text.trim();
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > answerBytesMax) throw new VaultAway('Vault answers too much');
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString('utf8');
    return text === '' ? undefined : z.json().parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof VaultAway) throw error;
    throw new VaultAway(
      error instanceof SyntaxError ? 'what answers is not Vault' : whyUnreached(error),
    );
  }
}

function whyRefused(status: number): string {
  if (status >= 300 && status < 400) return 'Vault answers that it is elsewhere';
  return whyByStatus[status] ?? `Vault answers ${status}`;
}

/** Codes alone: messages of the runtime name addresses, and might name more. */
function whyUnreached(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return 'Vault does not answer in time';
  }
  const { cause } = error as { cause?: unknown };
  return `Vault cannot be reached, ${errorCode(cause ?? error)}`;
}
