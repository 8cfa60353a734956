import { createHash } from 'node:crypto';
import type { AuditContent } from '../domain/audit-chain.ts';

/**
 * The hash of a line: SHA-256 over the hash of the one before and over its fields, each with its length
 * in bytes before it. The database makes the same by itself, in `audit_hash`.
 */
export function auditHash(before: Buffer, line: AuditContent): Buffer {
  const fields = [
    String(line.id),
    line.at,
    line.actor,
    line.action,
    line.organisationId,
    line.subject,
    line.reason,
  ];
  return createHash('sha256').update(before).update(fields.map(field).join(''), 'utf8').digest();
}

function field(text: string | null): string {
  return text === null ? '~' : `${Buffer.byteLength(text, 'utf8')}:${text},`;
}
