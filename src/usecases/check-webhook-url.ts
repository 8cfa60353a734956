import type { Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { readWebhookTarget } from '../transport/webhook-target.ts';

/**
 * Whether webhooks may be sent to this machine, over plain HTTP: where nothing real is sent, to try
 * things out.
 */
export function isLoopbackAllowed(input: { mode: Mode; isSandbox: boolean }): boolean {
  return input.isSandbox && input.mode === 'test';
}

/**
 * Says at once what would be refused at each delivery. What a name leads to is looked at then: it may
 * change, and whoever accepts asks no strangers.
 *
 * @throws {AppError} `invalid_request` at `/url`
 */
export function checkWebhookUrl(url: string, where: { mode: Mode; isSandbox: boolean }): void {
  const target = readWebhookTarget(url, { loopbackAllowed: isLoopbackAllowed(where) });
  if (typeof target === 'string') {
    throw new AppError('invalid_request', { fields: [{ pointer: '/url', code: target }] });
  }
}
