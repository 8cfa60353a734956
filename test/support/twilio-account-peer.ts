import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the account holds; a test changes it as somebody would in the console. */
export interface TwilioAccount {
  token: string;
  status: string;
  /** In E.164, with what its webhook says. */
  numbers: Record<string, { url: string; method?: string; sms?: boolean }>;
  services: Record<string, { url: string; ownWebhooks?: boolean }>;
  /** Words in every refusal, which nobody may repeat. */
  words: string;
  /** How far its clock is off. */
  offMs: number;
}

export interface TwilioAccountPeer {
  readonly url: string;
  readonly accountSid: string;
  account: TwilioAccount;
  close(): Promise<void>;
}

/** Speaks as much of Twilio's API of accounts, numbers and services as somebody who looks needs. */
export async function startTwilioAccountPeer(account: TwilioAccount): Promise<TwilioAccountPeer> {
  const accountSid = `AC${'0'.repeat(31)}1`;
  const server = http.createServer((request, response) => {
    const { token, status, numbers, services, words, offMs } = peer.account;
    const say = (code: number, body: object) => {
      response.writeHead(code, {
        'content-type': 'application/json',
        date: new Date(Date.now() + offMs).toUTCString(),
      });
      response.end(JSON.stringify(body));
    };
    const refuse = (httpStatus: number, code: number) =>
      say(httpStatus, { status: httpStatus, code, message: words, more_info: words });
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://peer');
    const given = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64').toString();
    if (given !== `${accountSid}:${token}`) return refuse(401, 20003);
    const [, service] = /^\/v1\/Services\/(MG\w{32})$/.exec(pathname) ?? [];
    if (service) {
      const found = services[service];
      if (!found) return refuse(404, 20404);
      return say(200, {
        sid: service,
        friendly_name: words,
        inbound_request_url: found.url,
        inbound_method: 'POST',
        use_inbound_webhook_on_number: found.ownWebhooks ?? false,
      });
    }
    const base = `/2010-04-01/Accounts/${accountSid}`;
    if (pathname === `${base}.json`) {
      return say(200, { sid: accountSid, status, friendly_name: words, auth_token: token });
    }
    if (pathname === `${base}/IncomingPhoneNumbers.json`) {
      const from = searchParams.get('PhoneNumber') ?? '';
      const found = numbers[from];
      const number = found && {
        phone_number: from,
        friendly_name: words,
        sms_url: found.url,
        sms_method: found.method ?? 'POST',
        capabilities: { sms: found.sms ?? true, voice: false, mms: false },
      };
      return say(200, { incoming_phone_numbers: number ? [number] : [], page: 0, page_size: 1 });
    }
    return refuse(404, 20404);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const peer: TwilioAccountPeer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accountSid,
    account,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return peer;
}
