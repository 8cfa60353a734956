import type { Secret } from '../domain/secret.ts';

const timeoutMs = 10_000;

/**
 * Asks for an address that the operator has set: a switch elsewhere, which calls somebody when it has
 * not been asked for a while. The answer is whether it was heard.
 */
export function deadManPing(url: Secret<string>): () => Promise<boolean> {
  return async () => {
    try {
      const answer = await fetch(url.reveal(), { signal: AbortSignal.timeout(timeoutMs) });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      // What went wrong may name the address, which may hold a token.
      return false;
    }
  };
}
