/** A provider of SMS: as much of Twilio's Messages API as a sender needs, which takes everything. */
import { startMessagesPeer } from '../../support/messages-peer.ts';
import { answerParent } from './answer-parent.ts';

const peer = await startMessagesPeer();
answerParent(
  async () => ({ url: peer.url, taken: new Set(peer.accepted.map(({ text }) => text)).size }),
  peer.close,
);
