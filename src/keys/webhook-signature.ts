import { Webhook } from 'standardwebhooks';
import type { Secret } from '../domain/secret.ts';

/**
 * The headers that prove where a delivery comes from: one signature for each secret that is live, so
 * that a receiver may change over at any time of the overlap.
 *
 * @param messageId the same for each try of the same event
 * @param at when it is sent; receivers refuse what is more than five minutes off
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function webhookHeaders(input: {
  messageId: string;
  at: Date;
  body: string;
  secrets: readonly Secret<Buffer>[];
}): Record<string, string> {
  const { messageId, at, body, secrets } = input;
  const signatures = secrets.map((secret) =>
    new Webhook(secret.reveal(), { format: 'raw' }).sign(messageId, at, body),
  );
  return {
    'webhook-id': messageId,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': signatures.join(' '),
  };
}
