import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { lockCredential } from '../store/credential-list.ts';
import { markReplaced } from '../store/credential-writes.ts';
import { beginChange } from './begin-change.ts';
import { makeKey } from './create-credential.ts';

interface Rotated {
  readonly outcome: 'rotated';
  readonly id: string;
  readonly key: Secret<string>;
  readonly expiresAt: Date | null;
  /** When the old key ends. */
  readonly oldExpiresAt: Date;
}

type Refused =
  /** It signs with keys of its own, of which a second one can be registered. */
  | { readonly outcome: 'public_key' }
  /** What has expired or was revoked gets no heir. */
  | { readonly outcome: 'ended' }
  /** One heir each: it is the one to rotate, as after losing what was shown. */
  | { readonly outcome: 'replaced'; readonly by: string };

type Unjournaled = Rotated | Refused;

/** `isJournaled`: whether the journal has that it ends; if not, rotate or revoke it again after a restore. */
export type Rotation = (Rotated & { readonly isJournaled: boolean }) | Refused;

/**
 * Makes a new key with the rights and the label of an old one, which goes on working for the overlap.
 *
 * A key that was made for some time is replaced by one that lasts as long again.
 *
 * @throws {AppError} `not_found` when there is no such credential
 */
export async function rotateCredential(
  deps: { adminUrl: Secret<string>; journal: Pick<Journal, 'append'>; now: () => Date },
  { credentialId, overlapMs }: { credentialId: string; overlapMs: number },
): Promise<Rotation> {
  const { adminUrl, journal, now } = deps;
  const change = beginChange(journal);
  const rotation = await administer(adminUrl, async (connection): Promise<Unjournaled> => {
    const old = await lockCredential(connection, credentialId);
    if (!old) throw new AppError('not_found');
    if (old.kind === 'public_key') return { outcome: 'public_key' };
    if (old.state !== 'active') return { outcome: 'ended' };
    if (old.replacedBy) return { outcome: 'replaced', by: old.replacedBy };
    const expiresAt =
      old.expiresAt &&
      new Date(now().getTime() + old.expiresAt.getTime() - old.createdAt.getTime());
    const made = await makeKey(connection, { rights: old, expiresAt });
    const oldExpiresAt = await markReplaced(connection, { credentialId, by: made.id, overlapMs });
    const endsAt = oldExpiresAt.toISOString();
    await change.tryAppend({ kind: 'credential_end', credentialId, endsAt });
    await recordAdministration(connection, {
      action: 'credential.rotate',
      organisationId: old.organisationId,
      subject: credentialId,
      reason: `replaced by ${made.id}`,
    });
    return { outcome: 'rotated', ...made, expiresAt, oldExpiresAt };
  });
  return rotation.outcome === 'rotated' ? { ...rotation, ...(await change.done()) } : rotation;
}
