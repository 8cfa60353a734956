import type { Bounce } from './accepted.ts';

/** What happens to a mail to a magic address, instead of lying in the mailbox and no more. */
export type MailFate =
  | { readonly kind: 'refused'; readonly code: number; readonly words: string }
  | {
      readonly kind: 'bounced';
      readonly bounce: Pick<Bounce, 'kind' | 'status' | 'says'>;
      readonly doubled?: true;
    }
  | { readonly kind: 'silent' };

export interface MagicAddress {
  readonly ending: string;
  readonly says: string;
  readonly fate: MailFate;
}

/** What comes back for a mailbox that is not there. */
export const noSuchMailbox: Pick<Bounce, 'kind' | 'status' | 'says'> = {
  kind: 'failed',
  status: '5.1.1',
  says: '550 5.1.1 No such mailbox here',
};

/**
 * Addresses whose part before the @ ends so misbehave always, whatever the faults say. Where a magic
 * number means something for mail, the ending is the same.
 */
export const magicAddresses: readonly MagicAddress[] = [
  {
    ending: '9211',
    says: 'refused: no such mailbox',
    fate: { kind: 'refused', code: 550, words: '5.1.1 No such mailbox here' },
  },
  {
    ending: '9610',
    says: 'refused: wants no mail from us',
    fate: { kind: 'refused', code: 550, words: '5.7.1 Recipient does not accept mail from you' },
  },
  {
    ending: '9612',
    says: 'refused for now, every time',
    fate: { kind: 'refused', code: 450, words: '4.2.1 Mailbox busy, try again later' },
  },
  {
    ending: '9614',
    says: 'refused: domain takes no mail',
    fate: { kind: 'refused', code: 556, words: '5.1.10 Domain does not accept mail' },
  },
  {
    ending: '9003',
    says: 'accepted, bounces: mailbox full',
    fate: bounced('failed', '5.2.2', '552 5.2.2 Mailbox full'),
  },
  {
    ending: '9005',
    says: 'accepted, bounces: unknown',
    fate: { kind: 'bounced', bounce: noSuchMailbox },
  },
  {
    ending: '9007',
    says: 'accepted, bounces: filtered',
    fate: bounced('failed', '5.7.1', '554 5.7.1 Message rejected as unwanted'),
  },
  { ending: '9000', says: 'accepted, no bounce ever', fate: { kind: 'silent' } },
  {
    ending: '9002',
    says: 'accepted, bounces twice',
    fate: { kind: 'bounced', bounce: noSuchMailbox, doubled: true },
  },
  {
    ending: '9001',
    says: 'accepted, “delayed” comes back',
    fate: bounced('delayed', '4.4.1', '451 4.4.1 Connection timed out'),
  },
  {
    ending: '9004',
    says: 'accepted, an out-of-office answers',
    fate: bounced('auto_reply', '', 'I am away until Monday.'),
  },
];

/** @returns undefined for an ordinary address */
export function mailFateOf(recipient: string): MailFate | undefined {
  const local = recipient.slice(0, recipient.lastIndexOf('@'));
  return magicAddresses.find(({ ending }) => local.endsWith(ending))?.fate;
}

function bounced(kind: Bounce['kind'], status: string, says: string): MailFate {
  return { kind: 'bounced', bounce: { kind, status, says } };
}
