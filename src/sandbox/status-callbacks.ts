import { Secret } from '../domain/secret.ts';
import type { AcceptedSms } from './accepted.ts';
import type { SmsFaults } from './faults.ts';
import { type Fate, fateOf } from './magic-numbers.ts';
import type { MessageStore } from './message-store.ts';
import type { Poster } from './poster.ts';
import { signedPost } from './signed-post.ts';

/** What comes late comes this much later, receipts and bounces alike. */
export const lateMs = 30_000;

type Word = 'sent' | 'delivered' | 'undelivered';
interface Receipt {
  readonly word: Word;
  readonly afterMs: number;
  readonly forged?: true;
}

/**
 * What is posted for one message, and when. Pure, so that each way to misbehave can be read off.
 *
 * @param stepMs between acceptance, `sent` and the end
 */
export function planReceipts(
  mode: SmsFaults['receipts'],
  fate: Fate | undefined,
  stepMs: number,
): readonly Receipt[] {
  const end: Word = fate?.kind === 'undelivered' ? 'undelivered' : 'delivered';
  const sent: Receipt = { word: 'sent', afterMs: stepMs };
  const last: Receipt = { word: end, afterMs: 2 * stepMs };
  if (fate?.kind === 'no_receipt') return [];
  if (fate?.kind === 'doubled_receipts') return [sent, sent, last, last];
  switch (mode) {
    case 'ok':
      return [sent, last];
    case 'lost':
      return [];
    case 'late':
      return [sent, last].map((receipt) => ({ ...receipt, afterMs: receipt.afterMs + lateMs }));
    case 'doubled':
      return [sent, sent, last, last];
    case 'reordered':
      return [
        { word: end, afterMs: stepMs },
        { word: 'sent', afterMs: 2 * stepMs },
      ];
    case 'forged':
      return [{ word: 'undelivered', afterMs: stepMs / 2, forged: true }, sent, last];
  }
}

/**
 * Moves accepted messages on to delivered, and tells whoever asked to be told, signed as Twilio
 * signs. Receipts still owed when the sandbox stopped are posted after the next start.
 */
export function createStatusCallbacks(deps: {
  store: MessageStore;
  poster: Poster;
  accountSid: string;
  authToken: Secret<string>;
  stepMs: number;
}) {
  const { store, poster, stepMs } = deps;

  function follow(message: AcceptedSms, mode: SmsFaults['receipts']): void {
    const fate = fateOf(message.to);
    const errorCode = fate?.kind === 'undelivered' ? fate.code : null;
    poster.later(stepMs, () =>
      store.changeAtProvider(message.id, { status: 'sent', sentAt: new Date().toISOString() }),
    );
    poster.later(2 * stepMs, () => {
      const status = errorCode === null ? 'delivered' : 'undelivered';
      store.changeAtProvider(message.id, { status, errorCode });
    });

    const receipts = message.provider.statusCallback ? planReceipts(mode, fate, stepMs) : [];
    let owed = receipts.length;
    const settled = () => {
      owed -= 1;
      if (owed <= 0) store.changeAtProvider(message.id, { receiptsOwed: false });
    };
    if (owed === 0) poster.later(2 * stepMs, settled);
    // One after the other, so that they are out of order only when they are meant to be.
    let earlier = Promise.resolve();
    for (const receipt of receipts) {
      poster.later(receipt.afterMs, () => {
        earlier = earlier.then(() =>
          poster.post(() => signed(message, receipt, errorCode), { settled }),
        );
      });
    }
  }

  function signed(message: AcceptedSms, receipt: Receipt, errorCode: number | null) {
    const params: Record<string, string> = {
      AccountSid: deps.accountSid,
      ApiVersion: '2010-04-01',
      From: message.from,
      MessageSid: message.id,
      MessageStatus: receipt.word,
      SmsSid: message.id,
      SmsStatus: receipt.word,
      To: message.to,
    };
    if (receipt.word === 'undelivered') params.ErrorCode = String(errorCode ?? 30003);
    const signer = receipt.forged ? new Secret('not the auth token') : deps.authToken;
    return signedPost(message.provider.statusCallback as string, params, signer);
  }

  for (const message of store.sms()) if (message.provider.receiptsOwed) follow(message, 'ok');

  return { follow };
}
