import { randomUUID } from 'node:crypto';
import type { Transport } from '../../src/transport/transport.ts';

/** Takes everything at once and sends nothing: what is left is everything but the provider. */
export const nullTransport: Transport = {
  name: 'null',
  send: async () => ({ kind: 'accepted', providerId: randomUUID() }),
  close: async () => {},
};
