import { createHash } from 'node:crypto';
import { refusalForReply } from './email-smtp-replies.ts';
import type { HandOver } from './email-smtp-session.ts';
import type { SendOutcome } from './transport.ts';

/**
 * What a conversation means for the reminder. Only what is certain is refused: that the server said
 * so, or that it had not asked for the message.
 *
 * @param input.isReused whether the connection had been idle before
 */
export function outcomeOf(
  handOver: HandOver,
  input: { attemptToken: string; isReused: boolean },
): SendOutcome {
  switch (handOver.kind) {
    case 'taken':
      return { kind: 'accepted', providerId: providerId(handOver.reply, input.attemptToken) };
    case 'answered': {
      const refusal = refusalForReply(handOver.step, handOver.reply);
      if (refusal) return { kind: 'refused', ...refusal };
      return handOver.step === 'message'
        ? { kind: 'uncertain', reason: 'unclear_answer' }
        : { kind: 'refused', permanent: false, reason: 'unclear_answer' };
    }
    case 'silent':
      return handOver.begun
        ? { kind: 'uncertain', reason: handOver.reason }
        : notBegun(handOver.reason, input.isReused);
  }
}

function notBegun(
  reason: Extract<HandOver, { kind: 'silent' }>['reason'],
  isReused: boolean,
): SendOutcome {
  // A server may leave an idle connection just as we write to it: that says nothing of the server.
  if (reason === 'connection_lost' && isReused) {
    return { kind: 'refused', permanent: false, reason: 'not_connected', retryAfterMs: 0 };
  }
  const isSilence = reason === 'timeout' || reason === 'connection_lost';
  return { kind: 'refused', permanent: false, reason: isSilence ? 'provider_down' : reason };
}

/** How mail servers name what they have taken: Postfix, Exim, Sendmail, Exchange, SES, Gmail. */
const queueIds: readonly RegExp[] = [
  /\bqueued as ([\w-]{5,64})(?![\w@.+-])/i,
  /\bid=([\w-]{5,64})(?![\w@.+-])/i,
  /^250 2\.0\.0 (\w{10,20}) Message accepted/i,
  /\bInternalId=(\d{5,32})\b/i,
  /^250 Ok ([0-9a-f-]{20,64})$/i,
  /^250 2\.0\.0 OK {1,2}\d{10} ([\w-]{10,64})\.\d{1,4} - gsmtp$/i,
];

/**
 * Names an accepted message: the server's queue id, so that it is found in the server's log, and a
 * part of our own, because servers use their ids again.
 */
function providerId(reply: string, attemptToken: string): string {
  const own = createHash('sha256').update(attemptToken).digest('hex').slice(0, 16);
  for (const pattern of queueIds) {
    const queueId = pattern.exec(reply)?.[1];
    // An id without a digit may be somebody's name.
    if (queueId && /\d/.test(queueId)) return `smtp:${own}:${queueId}`;
  }
  return `smtp:${own}`;
}
