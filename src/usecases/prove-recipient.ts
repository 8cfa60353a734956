import { createHash, timingSafeEqual } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import { judgeTry } from '../domain/factor.ts';
import { normalisePin } from '../domain/pin.ts';
import type { Secret } from '../domain/secret.ts';
import { type Tier, tierOf } from '../domain/tiers.ts';
import type { Journal } from '../journal/journal.ts';
import { newHelpCode } from '../keys/help-code.ts';
import type { Database } from '../store/database.ts';
import { countTry, giveTryBack, settleWrongTry, type TryKey } from '../store/factor-failures.ts';
import type { Log } from '../telemetry/log.ts';
import type { OpenedLink } from './open-link.ts';

export interface ProveRecipientDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly journal: Pick<Journal, 'append'>;
  readonly log: Log;
}

/** A wrong answer and a right one that comes during a pause are both `refused`. */
export type Proof =
  | { readonly outcome: 'proved'; readonly tier: Tier }
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'locked'; readonly helpCode: string };

const tryLimits = {
  perFactorMax: limits.wrongPerFactorMax,
  perSourceMax: limits.wrongPerSourceMax,
  sourcePauseMinutes: limits.sourcePauseMinutes,
};

/**
 * Checks a typed PIN against the one inside the opened record.
 *
 * The try is counted in a transaction of its own before it is compared, and taken back only once it
 * proved right: so tries that arrive together all count, and none is free when a process dies. A
 * wrong one counts during a pause too; a right one during a pause opens nothing and counts nothing.
 *
 * @param source keyed hash of the address that the answer came from
 */
export async function proveRecipient(
  { database, journal, log }: ProveRecipientDeps,
  { link, pin, source }: { link: OpenedLink; pin: Secret<string>; source: Buffer },
): Promise<Proof> {
  const { organisationId, appointmentId, linkId, reminderId, channel } = link.stored;
  const factor = 'pin';
  const key: TryKey = { organisationId, appointmentId, linkId, reminderId, factor, source };

  const tally = await database.transaction([organisationId], (connection) =>
    countTry(connection, key),
  );
  const verdict = judgeTry(tally, tryLimits);
  const isRight = samePin(link.request.reveal().recipient.pin, pin);

  if (isRight && verdict !== 'locked') {
    const admitted = verdict === 'admitted';
    const { helpCode } = await database.transaction([organisationId], (connection) =>
      giveTryBack(connection, key, { admitted }),
    );
    if (helpCode !== undefined) return { outcome: 'locked', helpCode };
    if (!admitted) return { outcome: 'refused' };
    const { birthDateOpensAll } = link.stored;
    return { outcome: 'proved', tier: tierOf(factor, { channel, birthDateOpensAll }) };
  }

  const { helpCode, lockedNow } = await database.transaction(
    [organisationId],
    async (connection) => {
      const helpCode = newHelpCode();
      const settled = await settleWrongTry(connection, key, { ...tryLimits, helpCode });
      if (settled.lockedNow) await journal.append({ kind: 'lock_out', appointmentId, factor });
      return settled;
    },
  );
  if (lockedNow) log.info('a factor was locked', { organisationId, appointmentId });
  return helpCode === undefined ? { outcome: 'refused' } : { outcome: 'locked', helpCode };
}

/** Compares without a hint in the time taken; a record without a PIN is compared too, and fails. */
function samePin(stored: string | undefined, typed: Secret<string>): boolean {
  const expected = normalisePin(stored ?? '');
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const same = timingSafeEqual(digest(expected ?? ''), digest(typed.reveal()));
  return expected !== undefined && same;
}
