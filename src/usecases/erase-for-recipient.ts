import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { passkeysInErasure, type SignErasure } from '../keys/erasure-receipt.ts';
import { sealErasureReceipt } from '../keys/erasure-receipt-box.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { linkLookup } from '../keys/link-secret.ts';
import { openErasureReceipt } from '../keys/open-erasure-receipt.ts';
import type { PasskeyOwner } from '../keys/passkey-box.ts';
import { SealError } from '../keys/seal-error.ts';
import { type Database, sqlState } from '../store/database.ts';
import { listOrganisationIds } from '../store/organisation-ids.ts';
import {
  eraseForRecipient as erase,
  keepErasureReceipt,
  readErasureReceipt,
} from '../store/recipient-rights.ts';
import { removePasskeysOf } from './passkeys.ts';

/** What a recipient is told of an erasure. */
export interface ToldErasure {
  readonly receipt: string;
  /** How many passkeys went with it. */
  readonly passkeys: number;
}

/**
 * Shreds what is sealed of the appointment that a link leads to, at the wish of its recipient.
 *
 * It cancels nothing at the place where they booked: their booking system is told by an event that
 * this appointment is no longer reminded of. Callers have seen the recipient prove who they are.
 *
 * Passkeys are of a person and not of an appointment, and no row tells whether one has others: they go
 * where the person wishes it, all of them, in the same transaction.
 *
 * The journal has it before the database, so that a restored database cannot bring it back.
 *
 * @param input.passkeysOf whose passkeys go too; callers have seen that they may remove them
 * @returns undefined where the link leads to nothing any more
 * @throws {AppError} `busy` where somebody else holds the appointment: nothing was erased
 */
export async function eraseForRecipient(
  deps: {
    readonly database: Pick<Database, 'transaction'>;
    readonly journal: Pick<Journal, 'append'>;
    readonly keys: Pick<KeyStore, 'symmetricKeys'>;
    readonly sign: SignErasure;
    /** Public address of the API, where the keys that receipts verify with are published. */
    readonly issuer: string;
  },
  { linkSecret, passkeysOf }: { linkSecret: Secret<Buffer>; passkeysOf?: PasskeyOwner | undefined },
): Promise<ToldErasure | undefined> {
  try {
    return await deps.database.transaction(
      passkeysOf ? [passkeysOf.organisationId] : [],
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
        const passkeys = passkeysOf ? await removePasskeysOf(deps, connection, passkeysOf) : 0;
        // Signed and kept before it is done: whoever asks again is given this one.
        const receipt = await deps.sign({
          iss: deps.issuer,
          iat: Math.floor(erased.erasedAt.getTime() / 1_000),
          ...{ organisation, mode, reference, appointment },
          by: 'recipient',
          ...(passkeys > 0 && { passkeys }),
        });
        const binding = { organisationId: organisation, appointmentId: appointment };
        await keepErasureReceipt(connection, {
          appointmentId: appointment,
          receipt: sealErasureReceipt({ linkSecret, binding, receipt }),
        });
        return { receipt, passkeys };
      },
      { lockTimeoutMs: limits.eraseLockTimeoutMs },
    );
  } catch (error) {
    if (sqlState(error) === '55P03' || sqlState(error) === '40P01') {
      throw new AppError('busy', { retryAfterS: 1, cause: error });
    }
    throw error;
  }
}

/**
 * What its recipient was told when they erased an appointment, for who pressed twice or never got the answer.
 * Callers have seen that it is theirs.
 *
 * @returns undefined where they did not erase it, or not by this link
 */
export async function findErasure(
  { database }: { readonly database: Pick<Database, 'query' | 'transaction'> },
  { appointmentId, linkSecret }: { appointmentId: string; linkSecret: Secret<Buffer> },
): Promise<ToldErasure | undefined> {
  const organisationIds = await listOrganisationIds(database);
  const kept = await database.transaction(organisationIds, (connection) =>
    readErasureReceipt(connection, appointmentId),
  );
  if (!kept) return undefined;
  try {
    const binding = { organisationId: kept.organisationId, appointmentId };
    const receipt = openErasureReceipt({ linkSecret, binding, sealed: kept.receipt });
    return { receipt, passkeys: passkeysInErasure(receipt) };
  } catch (error) {
    if (error instanceof SealError) return undefined;
    throw error;
  }
}
