import type { Channel } from '../../src/domain/channel.ts';
import type { OutgoingMessage, SendOutcome, Transport } from '../../src/transport/transport.ts';

/** A provider whose answers a test decides, one by one. */
export interface FakeTransport extends Transport {
  readonly sends: readonly FakeSend[];
}

/** One hand-off, with everything that a provider would see. */
export interface FakeSend {
  readonly channel: Channel;
  readonly to: string;
  readonly text: string;
  readonly attemptToken: string;
  readonly validitySeconds: number;
  readonly subject?: string;
  readonly html?: string;
  readonly messageKey?: string;
  readonly optOutUrl?: string;
}

export function fakeTransport(
  answer: (message: OutgoingMessage, place: number) => SendOutcome | Promise<SendOutcome>,
): FakeTransport {
  const sends: FakeSend[] = [];
  return {
    name: 'fake',
    idempotency: { kind: 'none' },
    sends,
    async send(message) {
      sends.push(seen(message));
      return answer(message, sends.length - 1);
    },
    async close() {},
  };
}

function seen(message: OutgoingMessage): FakeSend {
  const { channel, attemptToken, validitySeconds } = message;
  const to = message.to.reveal();
  const text = message.text.reveal();
  const basis = { channel, to, text, attemptToken, validitySeconds };
  if (message.channel === 'sms') return basis;
  const { subject, messageKey } = message;
  const [html, optOutUrl] = [message.html.reveal(), message.optOutUrl.reveal()];
  return { ...basis, subject, html, messageKey, optOutUrl };
}

let accepted = 0;
export function acceptedOutcome(): SendOutcome {
  accepted += 1;
  return { kind: 'accepted', providerId: `SM${String(accepted).padStart(32, '0')}` };
}
