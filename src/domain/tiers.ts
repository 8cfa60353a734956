import type { Channel } from './channel.ts';
import type { Factor } from './factor.ts';

/** What has been proved opens: 0 nothing, 1 date and time, 2 everything, 3 everything and settings. */
export type Tier = 0 | 1 | 2 | 3;

/** The tier that shows practitioner, place and the rest. */
export const everything: Tier = 2;

/**
 * The tier that a proved factor opens behind a link of this channel.
 *
 * A birth date is no secret: family and employers know it, and a hacked mailbox often holds it.
 * It opens date and time, unless the organisation has recorded that it accepts the risk. A code
 * opens nothing behind a link by SMS, since whoever holds the phone holds both.
 */
export function tierOf(
  factor: Factor | undefined,
  { channel, birthDateOpensAll }: { channel: Channel; birthDateOpensAll: boolean },
): Tier {
  switch (factor) {
    case 'pin':
      return 2;
    case 'code':
      return channel === 'email' ? 2 : 0;
    case 'birth_date':
      return birthDateOpensAll ? 2 : 1;
    case undefined:
      return 0;
  }
}
