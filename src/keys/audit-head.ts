import { CompactSign, compactVerify, createLocalJWKSet, type JWK } from 'jose';
import type { AuditHead } from '../domain/audit-chain.ts';
import type { NumberedKey } from './key-store.ts';
import { receiptJwk, receiptPrivateKey } from './receipt-key.ts';

const auditHeadType = 'sotto-audit-head+jwt';

/** Signs how far the audit goes, for whoever keeps it elsewhere: a compact JWS (RFC 7515, 3.1). */
export async function signAuditHead(head: AuditHead, { key }: NumberedKey): Promise<string> {
  const { at, ...chain } = head;
  const claims = { iat: Math.floor(at.getTime() / 1_000), ...chain };
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: auditHeadType, kid: receiptJwk(key.reveal()).kid })
    .sign(receiptPrivateKey(key.reveal()).toCryptoKey('Ed25519', false, ['sign']));
}

/** Reads what was told outside; undefined for what none of these keys has signed as a head. */
export function auditHeadReader(
  keys: readonly JWK[],
): (signed: string) => Promise<AuditHead | undefined> {
  const find = createLocalJWKSet({ keys: [...keys] });
  return async (signed) => {
    try {
      const { payload, protectedHeader } = await compactVerify(signed, find, {
        algorithms: ['EdDSA'],
      });
      if (protectedHeader.typ !== auditHeadType) return undefined;
      const { iat, life, base, last, lastAt } = JSON.parse(Buffer.from(payload).toString('utf8'));
      return {
        ...{ at: new Date(iat * 1_000), life, base, last },
        lastAt: lastAt === null ? null : new Date(lastAt),
      };
    } catch {
      return undefined;
    }
  };
}
