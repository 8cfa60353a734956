import { createHash, createHmac } from 'node:crypto';
import type { Mode } from '../domain/channel.ts';
import type { Secret } from '../domain/secret.ts';

/** The browser session that a code is bound to, as the database may know it. */
export function sessionHash(visitId: Secret<string>): Buffer {
  return createHash('sha256').update('sotto/session/1').update(visitId.reveal()).digest();
}

/**
 * A code as it is stored: HMAC-SHA-256, since six digits under any hash without a key are found at
 * once. It is bound to link and browser session, so that a code is worth nothing anywhere else, and to
 * the number that it went to, so that it is worth nothing once the appointment has another.
 *
 * @param input.visitId the session's own id, which only its cookie holds: who has all that is stored, and
 *   the key, cannot try numbers and codes on it
 * @param input.phone in the form of `contact-point.ts`
 */
export function codeHash(
  key: Secret<Buffer>,
  input: { linkId: string; visitId: Secret<string>; phone: Secret<string>; code: Secret<string> },
): Buffer {
  const { linkId, visitId, phone, code } = input;
  return createHmac('sha256', key.reveal())
    .update(`sotto/code/2\n${linkId}\n${visitId.reveal()}\n${phone.reveal()}\n${code.reveal()}`)
    .digest();
}

/**
 * What a phone is counted by on one day: nothing without the key of that day. Test messages, which
 * may reach nobody, use up none of what a patient may get.
 *
 * @param input.phone in the form of `contact-point.ts`
 */
export function phoneDayIndex(
  key: Secret<Buffer>,
  { mode, phone }: { mode: Mode; phone: Secret<string> },
): Buffer {
  return createHmac('sha256', key.reveal()).update(`${mode}\n${phone.reveal()}`).digest();
}
