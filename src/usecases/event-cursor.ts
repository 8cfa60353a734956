import { AppError } from '../domain/errors.ts';
import type { EventPosition } from '../store/event-position.ts';

/** A position as booking systems keep it. */
export function writeCursor({ transactionId, id }: EventPosition): string {
  return Buffer.from(`${transactionId}.${id}`).toString('base64url');
}

/** @throws {AppError} `invalid_request` at `/after` for a cursor that we did not make */
export function readCursor(cursor: string): EventPosition {
  const [, transactionId, id] =
    /^(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})$/.exec(Buffer.from(cursor, 'base64url').toString()) ??
    [];
  if (transactionId !== undefined && id !== undefined && isBigint(transactionId) && isBigint(id)) {
    return { transactionId, id };
  }
  throw new AppError('invalid_request', { fields: [{ pointer: '/after', code: 'invalid_value' }] });
}

/** So that what was tampered with is refused here and not by the database. */
function isBigint(digits: string): boolean {
  return BigInt(digits) < 2n ** 63n;
}
