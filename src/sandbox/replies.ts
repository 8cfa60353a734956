import type { MessageStore } from './message-store.ts';

/**
 * The words that Twilio takes as opting out and in again: the whole reply, in any case.
 *
 * @see https://help.twilio.com/articles/223134027
 */
const stopWords = ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'OPTOUT', 'REVOKE'];
const startWords = ['START', 'YES', 'UNSTOP'];

/** Takes what was typed on a phone: STOP makes sending there fail with 21610, START undoes it. */
export function takeReply(store: MessageStore, reply: { phone: string; text: string }) {
  const word = reply.text.trim().toUpperCase();
  const { phone, text, sentAt } = store.addReply(reply);
  if (stopWords.includes(word)) store.setOptedOut(phone, true);
  if (startWords.includes(word)) store.setOptedOut(phone, false);
  return { to: phone, text, sentAt, optedOut: store.hasOptedOut(phone) };
}
