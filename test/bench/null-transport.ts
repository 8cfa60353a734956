import { randomUUID } from 'node:crypto';
import type { Transport } from '../../src/transport/transport.ts';

/**
 * Takes everything at once and sends nothing: what is left is everything but the provider. It has no
 * connections to wait for; so many are all that a worker has in hand of one lane.
 */
export const nullTransport: Transport & { readonly atOnceMax: number } = {
  atOnceMax: 400,
  name: 'null',
  idempotency: { kind: 'none' },
  send: async () => ({ kind: 'accepted', providerId: randomUUID() }),
  close: async () => {},
};
