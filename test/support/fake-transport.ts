import type { OutgoingMessage, SendOutcome, Transport } from '../../src/transport/transport.ts';

/** A provider whose answers a test decides, one by one. */
export interface FakeTransport extends Transport {
  readonly sends: readonly {
    to: string;
    text: string;
    attemptToken: string;
    validitySeconds: number;
  }[];
}

export function fakeTransport(
  answer: (message: OutgoingMessage, place: number) => SendOutcome | Promise<SendOutcome>,
): FakeTransport {
  const sends: FakeTransport['sends'][number][] = [];
  return {
    name: 'fake',
    sends,
    async send(message) {
      sends.push({
        to: message.to.reveal(),
        text: message.text.reveal(),
        attemptToken: message.attemptToken,
        validitySeconds: message.validitySeconds,
      });
      return answer(message, sends.length - 1);
    },
    async close() {},
  };
}

let accepted = 0;
export function acceptedOutcome(): SendOutcome {
  accepted += 1;
  return { kind: 'accepted', providerId: `SM${String(accepted).padStart(32, '0')}` };
}
