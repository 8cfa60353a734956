import { canaryOrganisationId } from '../domain/canary-branch.ts';
import type { Secret } from '../domain/secret.ts';
import { type Binding, encodeBound } from './bound.ts';
import { sealBox } from './seal-box.ts';

/** What the canary was sent: to which contact point, and the text. */
export interface CanaryMessage {
  readonly channel: 'sms' | 'email';
  readonly to: string;
  readonly text: string;
}

/**
 * Seals a message to the canary to the key of the scheduler, which alone may read it.
 *
 * @throws {SealError} `cannot_seal`
 */
export function sealCanaryMessage(input: {
  publicKey: Buffer;
  id: string;
  message: Secret<CanaryMessage>;
}): Buffer {
  const payload = Buffer.from(JSON.stringify(input.message.reveal()));
  return sealBox(input.publicKey, encodeBound('canary_message', bindingOf(input.id), payload));
}

/** The message takes the place of an appointment. */
export function bindingOf(id: string): Binding {
  return { organisationId: canaryOrganisationId, appointmentId: id };
}
