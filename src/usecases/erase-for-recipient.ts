import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import type { SignErasure } from '../keys/erasure-receipt.ts';
import { linkLookup } from '../keys/link-secret.ts';
import { type Database, sqlState } from '../store/database.ts';
import { eraseForRecipient as erase } from '../store/recipient-rights.ts';

/**
 * Shreds what is sealed of the appointment that a link leads to, at the wish of its recipient.
 *
 * It cancels nothing at the place where they booked: their booking system is told by an event that
 * this appointment is no longer reminded of. Callers have seen the recipient prove who they are.
 *
 * The journal has it before the database, so that a restored database cannot bring it back.
 *
 * @returns a signed receipt; undefined where the link leads to nothing any more
 * @throws {AppError} `busy` where somebody else holds the appointment: nothing was erased
 */
export async function eraseForRecipient(
  deps: {
    readonly database: Pick<Database, 'transaction'>;
    readonly journal: Pick<Journal, 'append'>;
    readonly sign: SignErasure;
    /** Public address of the API, where the keys that receipts verify with are published. */
    readonly issuer: string;
  },
  linkSecret: Secret<Buffer>,
): Promise<string | undefined> {
  try {
    return await deps.database.transaction(
      [],
      async (connection) => {
        const erased = await erase(connection, linkLookup(linkSecret));
        if (!erased) return undefined;
        const {
          organisationId: organisation,
          appointmentId: appointment,
          mode,
          reference,
        } = erased;
        await deps.journal.append({ kind: 'erasure', appointmentId: appointment });
        // Signed before it is done: afterwards the link leads nowhere, and nobody could ask again.
        return deps.sign({
          iss: deps.issuer,
          iat: Math.floor(erased.erasedAt.getTime() / 1_000),
          ...{ organisation, mode, reference, appointment },
          by: 'recipient',
        });
      },
      { lockTimeoutMs: limits.lockTimeoutMs },
    );
  } catch (error) {
    if (sqlState(error) === '55P03' || sqlState(error) === '40P01') {
      throw new AppError('busy', { retryAfterS: 1, cause: error });
    }
    throw error;
  }
}
