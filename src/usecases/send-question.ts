import type { ClaimedSendCheck } from '../store/send-check-turns.ts';
import type { OpenQuestion } from '../store/send-questions.ts';
import type { WebhookMessage } from './webhook-message.ts';

type Asked = Pick<ClaimedSendCheck, 'organisationId' | 'mode'>;

/**
 * The question about one reminder: ids, the booking system's own reference, and when it is planned. Asked
 * again it is the same, under the same id, for as long as the appointment is.
 */
export function questionMessage(
  { reminderId, reference, version, channel, sendAt }: OpenQuestion,
  { organisationId, mode }: Asked,
): WebhookMessage {
  const at = sendAt.toISOString();
  const data = { reference, version, reminderId, channel, sendAt: at, organisationId, mode };
  return {
    id: `check_${reminderId}_${version}`,
    body: JSON.stringify({ type: 'reminder.check', timestamp: at, data }),
  };
}

/** What the test asks: any decision is an answer, and nothing comes of it. */
export function testQuestion(
  test: { id: string; requestedAt: Date },
  { organisationId, mode }: Asked,
): WebhookMessage {
  return {
    id: `test_${test.id}`,
    body: JSON.stringify({
      type: 'reminder.check.test',
      timestamp: test.requestedAt.toISOString(),
      data: { id: test.id, organisationId, mode },
    }),
  };
}
