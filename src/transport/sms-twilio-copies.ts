import type twilio from 'twilio';
import { RefusedAnswer } from './sms-twilio-client.ts';
import type { ProviderCopies } from './transport.ts';

/**
 * Deletes what Twilio keeps of a message.
 *
 * One that is still on its way cannot be deleted. Then its text is taken away, where Twilio allows
 * that earlier, and it counts as kept: the number still stands there.
 *
 * @see https://www.twilio.com/docs/messaging/api/message-resource#delete-a-message-resource
 * @see https://www.twilio.com/docs/messaging/api/message-resource#redact-a-message
 */
export function twilioCopies(client: twilio.Twilio): ProviderCopies {
  return {
    async remove(providerId) {
      try {
        await client.messages(providerId).remove();
        return 'gone';
      } catch (error) {
        if (!(error instanceof RefusedAnswer) || error.code === undefined) return 'unanswered';
        if (error.status === 404) return 'gone';
        if (error.status >= 500 || error.status === 429) return 'unanswered';
      }
      await client
        .messages(providerId)
        .update({ body: '' })
        .catch(() => {});
      return 'kept';
    },
  };
}
