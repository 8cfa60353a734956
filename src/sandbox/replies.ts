import { randomBytes } from 'node:crypto';
import type { Secret } from '../domain/secret.ts';
import type { readCallbackAddresses } from './callback-addresses.ts';
import type { MessageStore } from './message-store.ts';
import type { Poster } from './poster.ts';
import { signedPost } from './signed-post.ts';

/**
 * The words that Twilio takes as opting out and in again: the whole reply, in any case.
 *
 * @see https://help.twilio.com/articles/223134027
 */
const stopWords = ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'OPTOUT', 'REVOKE'];
const startWords = ['START', 'YES', 'UNSTOP'];

export type TakeReply = ReturnType<typeof createReplies>;

/**
 * Takes what is typed on a phone. STOP makes the provider refuse that phone with 21610, START undoes
 * it; and every reply is posted to whoever has set up an address for them, as Twilio posts it.
 *
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request
 */
export function createReplies(deps: {
  store: MessageStore;
  poster: Poster;
  addresses: () => ReturnType<typeof readCallbackAddresses>;
  mayCall: (url: URL) => boolean;
  accountSid: string;
  authToken: Secret<string>;
}) {
  const { store, poster } = deps;

  function tell(phone: string, text: string): void {
    const sid = `SM${randomBytes(16).toString('hex')}`;
    const params = {
      AccountSid: deps.accountSid,
      ApiVersion: '2010-04-01',
      Body: text,
      From: phone,
      MessageSid: sid,
      NumMedia: '0',
      NumSegments: '1',
      SmsMessageSid: sid,
      SmsSid: sid,
      SmsStatus: 'received',
      To: store.sms().findLast(({ to }) => to === phone)?.from ?? '',
    };
    const make = () => {
      const url = deps.addresses()?.inboundUrl;
      if (url === undefined || !deps.mayCall(new URL(url))) return undefined;
      return signedPost(url, params, deps.authToken);
    };
    void poster.post(make, { settled: () => {} });
  }

  return function takeReply(reply: { phone: string; text: string }) {
    const word = reply.text.trim().toUpperCase();
    const { phone, text, sentAt } = store.addReply(reply);
    if (stopWords.includes(word)) store.setOptedOut(phone, true);
    if (startWords.includes(word)) store.setOptedOut(phone, false);
    tell(phone, text);
    return { to: phone, text, sentAt, optedOut: store.hasOptedOut(phone) };
  };
}
