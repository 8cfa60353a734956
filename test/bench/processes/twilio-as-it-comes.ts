import twilio from 'twilio';
import { accountSid } from '../providers.ts';

/** Twilio's SDK, with an API at another origin and as many connections as are used at once. */
export function twilioAsItComes(baseUrl: string, atOnce: number): twilio.Twilio {
  const client = twilio(accountSid, 'token', { maxSockets: atOnce });
  client.api.baseUrl = baseUrl;
  return client;
}
