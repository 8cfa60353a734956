import { Secret } from '../domain/secret.ts';
import { decodeBound } from './bound.ts';
import { bindingOf, type CanaryMessage } from './canary-message.ts';
import { openBox } from './open-box.ts';

/**
 * Opens what the canary was sent; for the scheduler alone.
 *
 * @throws {SealError} `cannot_open` or `seal_mismatch`
 */
export function openCanaryMessage(input: {
  privateKey: Secret<Buffer>;
  id: string;
  sealed: Buffer;
}): Secret<CanaryMessage> {
  const bound = openBox(input.privateKey, input.sealed);
  const payload = decodeBound('canary_message', bindingOf(input.id), bound);
  return new Secret(JSON.parse(payload.toString('utf8')) as CanaryMessage);
}
