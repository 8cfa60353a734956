import type { AcceptedSms } from './accepted.ts';

/**
 * A message as Twilio's API shows it: the provider's copy, not the phone's.
 *
 * @see https://www.twilio.com/docs/messaging/api/message-resource#message-properties
 */
export function messageJson(message: AcceptedSms, accountSid: string) {
  const { provider } = message;
  const path = `/2010-04-01/Accounts/${accountSid}/Messages/${message.id}`;
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body: provider.body,
    date_created: rfc2822(message.receivedAt),
    date_sent: provider.sentAt === null ? null : rfc2822(provider.sentAt),
    date_updated: rfc2822(provider.updatedAt),
    direction: 'outbound-api',
    error_code: provider.errorCode,
    error_message: null,
    from: message.from,
    messaging_service_sid: provider.messagingServiceSid,
    num_media: '0',
    num_segments: String(message.segments),
    price: null,
    price_unit: 'USD',
    sid: message.id,
    status: provider.status,
    subresource_uris: { media: `${path}/Media.json` },
    to: message.to,
    uri: `${path}.json`,
  };
}

/** A page of the list. Twilio counts pages from 0 and gives the way on as a path. */
export function listJson(input: {
  messages: readonly AcceptedSms[];
  accountSid: string;
  query: URLSearchParams;
  page: number;
  pageSize: number;
}) {
  const { accountSid, page, pageSize, query } = input;
  const start = page * pageSize;
  const shown = input.messages.slice(start, start + pageSize);
  const uriOf = (target: number) => {
    const next = new URLSearchParams(query);
    next.set('PageSize', String(pageSize));
    next.set('Page', String(target));
    return `/2010-04-01/Accounts/${accountSid}/Messages.json?${next}`;
  };
  return {
    messages: shown.map((message) => messageJson(message, accountSid)),
    first_page_uri: uriOf(0),
    next_page_uri: start + pageSize < input.messages.length ? uriOf(page + 1) : null,
    previous_page_uri: page > 0 ? uriOf(page - 1) : null,
    page,
    page_size: pageSize,
    start,
    end: Math.max(start, start + shown.length - 1),
    uri: uriOf(page),
  };
}

function rfc2822(iso: string): string {
  return new Date(iso).toUTCString().replace('GMT', '+0000');
}
