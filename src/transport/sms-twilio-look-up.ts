import type twilio from 'twilio';
import { receiptStatusOf } from './sms-twilio-callback.ts';
import { refusalForTwilioCode } from './sms-twilio-codes.ts';
import type { Idempotency, LookedUp, LookUpQuestion, SeenMessage } from './transport.ts';

const pageSize = 50;
const pagesMax = 4;
/** Twilio's clock and ours may differ by so much. */
const clockSkewMs = 5 * 60_000;

/**
 * Looks for a message in the list of those to one number, the newest first.
 *
 * Twilio could narrow the list by `DateSent`, but a message that still waits in its queue has none
 * yet, and one that is left out would be sent again. So this reads back until a whole page is older
 * than the question, and says so when that is more than it reads.
 *
 * @see https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
 */
export function twilioLookUp(options: { client: twilio.Twilio; lagMs: number }): Idempotency {
  return {
    kind: 'lookup',
    lagMs: options.lagMs,
    async find(question) {
      try {
        return await readBack(options.client, question);
      } catch {
        // No answer, a refusal, or one that the SDK cannot read: nothing is known.
        return { kind: 'unanswered' };
      }
    },
  };
}

async function readBack(client: twilio.Twilio, question: LookUpQuestion): Promise<LookedUp> {
  const { to, marks, sinceMs } = question;
  const wanted = marks.map((mark) => mark.reveal());
  const holding: SeenMessage[] = [];
  const textless: SeenMessage[] = [];
  let page: ListPage = await client.messages.page({ to: to.reveal(), pageSize });
  for (let pages = 1; ; pages += 1) {
    let isAllOlder = true;
    for (const message of page.instances) {
      if (message.direction === 'inbound') continue;
      const createdAtMs = message.dateCreated?.getTime() ?? Number.NaN;
      const isOlder = createdAtMs < sinceMs - clockSkewMs;
      isAllOlder &&= isOlder;
      const seen = seenOf(message, createdAtMs);
      if (wanted.some((mark) => message.body?.includes(mark))) holding.push(seen);
      else if (!message.body && !isOlder) textless.push(seen);
    }
    const isOver = isAllOlder && page.instances.length > 0;
    const next = isOver ? undefined : await page.nextPage();
    if (!next) return { kind: 'answered', isWhole: true, holding, textless };
    if (pages >= pagesMax) return { kind: 'answered', isWhole: false, holding, textless };
    page = next;
  }
}

type FirstPage = Awaited<ReturnType<twilio.Twilio['messages']['page']>>;
type ListedMessage = FirstPage['instances'][number];
interface ListPage {
  readonly instances: ListedMessage[];
  nextPage(): Promise<ListPage> | undefined;
}

/** With nothing personal left in it. */
function seenOf({ sid, status, errorCode }: ListedMessage, createdAtMs: number): SeenMessage {
  const receipt = receiptStatusOf(status);
  const code = Number.isInteger(errorCode) && errorCode > 0 ? String(errorCode) : undefined;
  const reason = receipt === 'undelivered' && code ? refusalForTwilioCode(code).reason : undefined;
  return { providerId: sid, createdAtMs, status: receipt, code, reason };
}
