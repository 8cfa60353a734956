import type { Secret } from '../domain/secret.ts';

const timeoutMs = 10_000;

/**
 * Posts what was signed of the audit to an address that the operator has set, which may be anywhere in
 * their network: a compact JWS (RFC 7515, 9.2.1), and nothing else. The answer is whether it was taken; it
 * never rejects.
 */
export function postAuditHeads(url: Secret<string>): (signed: string) => Promise<boolean> {
  return async (signed) => {
    try {
      const answer = await fetch(url.reveal(), {
        method: 'POST',
        headers: { 'content-type': 'application/jose' },
        body: signed,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      // What went wrong may name the address, which may hold a token.
      return false;
    }
  };
}
