import { describeHeldData, type HeldData } from '../domain/held-data.ts';
import { everything, type Tier } from '../domain/tiers.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { suppressionIndexes } from '../keys/suppression-index.ts';
import type { Database } from '../store/database.ts';
import { findSuppressedSince, readHeldReminders } from '../store/recipient-rights.ts';
import type { OpenedLink } from './open-link.ts';
import type { ToldPasskey } from './passkeys.ts';

/**
 * Everything that is held about the recipient of the appointment that a link leads to: what the booking
 * system sent, what became of each reminder, their passkeys, whether they said stop, and until when it is kept.
 *
 * @returns undefined for who has not proved enough to see everything
 */
export async function readHeldData(
  {
    database,
    keys,
  }: {
    readonly database: Pick<Database, 'query' | 'transaction'>;
    readonly keys: Pick<KeyStore, 'symmetricKeys'>;
  },
  { link, tier, passkeys }: { link: OpenedLink; tier: Tier; passkeys: readonly ToldPasskey[] },
): Promise<HeldData | undefined> {
  if (tier < everything) return undefined;
  const { organisationId, appointmentId, state, expiresAt } = link.stored;
  const reminders = await database.transaction([organisationId], (connection) =>
    readHeldReminders(connection, appointmentId),
  );
  const indexes = suppressionIndexes(await keys.symmetricKeys('pepper'), link.sentTo.contactPoint);
  const stopped = await Promise.all(
    indexes.map(({ index }) => findSuppressedSince(database, index)),
  );
  return describeHeldData({
    request: link.request.reveal(),
    state,
    reminders,
    passkeys,
    stoppedSince: stopped.find((since) => since !== undefined),
    keptUntil: expiresAt,
  });
}
