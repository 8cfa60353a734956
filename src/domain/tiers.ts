import type { Channel } from './channel.ts';
import type { Factor, ProofPolicy } from './factor.ts';

/** What has been proved opens: 0 nothing, 1 date and time, 2 everything, 3 everything and settings. */
export type Tier = 0 | 1 | 2 | 3;

/** The tier that shows practitioner, place and the rest. */
export const everything: Tier = 2;

/**
 * The tier that a proved factor opens behind a link of this channel.
 *
 * A birth date is no secret: family and employers know it, and a hacked mailbox often holds it.
 * It opens date and time, unless the organisation has recorded that it accepts the risk; under the
 * strict policy it opens nothing, and neither does a code. A code opens nothing behind a link by SMS,
 * since whoever holds the phone holds both.
 */
export function tierOf(
  factor: Factor | undefined,
  {
    channel,
    birthDateOpensAll,
    proofPolicy,
  }: { channel: Channel; birthDateOpensAll: boolean; proofPolicy: ProofPolicy },
): Tier {
  const isStrict = proofPolicy === 'strict';
  switch (factor) {
    case 'passkey':
    case 'portal':
      return 3;
    case 'pin':
      return 2;
    case 'code':
      return channel === 'email' && !isStrict ? 2 : 0;
    case 'birth_date':
      if (isStrict) return 0;
      return birthDateOpensAll ? 2 : 1;
    case undefined:
      return 0;
  }
}
