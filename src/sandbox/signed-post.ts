import twilio from 'twilio';
import type { Secret } from '../domain/secret.ts';
import type { Post } from './poster.ts';

/**
 * A request as Twilio makes it of us: a form, signed over the address and every parameter.
 *
 * @see https://www.twilio.com/docs/usage/security#validating-requests
 */
export function signedPost(
  url: string,
  params: Record<string, string>,
  authToken: Secret<string>,
): Post {
  return {
    url,
    body: new URLSearchParams(params),
    headers: {
      'X-Twilio-Signature': twilio.getExpectedTwilioSignature(authToken.reveal(), url, params),
      'User-Agent': 'TwilioProxy/1.1',
    },
  };
}
