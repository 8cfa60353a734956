import type { FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import type { Secret } from '../../domain/secret.ts';
import type { CallbackRequest } from '../../usecases/accept-callback.ts';

/** What the routes for providers call. Each throws {AppError} `key_missing` or `unavailable`. */
export interface CallbackUseCases {
  /** @throws {AppError} `not_found` too */
  acceptStatusCallback(input: { token: string; request: Secret<CallbackRequest> }): Promise<void>;
  acceptInboundMessage(input: { request: Secret<CallbackRequest> }): Promise<void>;
  acceptBounce(input: { message: Secret<Buffer> }): Promise<void>;
  isCallbackAddress(input: { callback: 'inbound' | 'bounce'; secret: string }): Promise<boolean>;
}

/**
 * Lets nobody in who does not know the address, before a byte of the body is read. To a stranger it
 * is an address like any other that does not exist.
 */
export function behindSecret(
  { isCallbackAddress }: Pick<CallbackUseCases, 'isCallbackAddress'>,
  callback: 'inbound' | 'bounce',
): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const { secret } = request.params as { secret: string };
    if (!(await isCallbackAddress({ callback, secret }))) throw new AppError('not_found');
  };
}
