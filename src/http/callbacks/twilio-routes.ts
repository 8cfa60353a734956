import formbody from '@fastify/formbody';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import { Secret } from '../../domain/secret.ts';
import type { CallbackRequest } from '../../usecases/accept-callback.ts';

export interface CallbackUseCases {
  /** @throws {AppError} `not_found`, `key_missing`, `unavailable` */
  acceptStatusCallback(input: { token: string; request: Secret<CallbackRequest> }): Promise<void>;
}

/** Twilio's are about 1 kB. */
const callbackBytesMax = 16 * 1024;

/**
 * Where Twilio tells what became of a message. The answer is 204 for everything that is kept, be it
 * genuine or not: the signature is checked by whoever can open it.
 *
 * @see https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
 */
export async function addTwilioRoutes(
  server: FastifyInstance,
  { acceptStatusCallback }: CallbackUseCases,
): Promise<void> {
  // In a scope of its own: forms are taken here and nowhere else.
  await server.register(async (app) => {
    await app.register(formbody, { bodyLimit: callbackBytesMax });
    app.removeContentTypeParser('application/json');
    app.post<{ Params: { token: string }; Body: CallbackRequest['params'] | undefined }>(
      '/callbacks/twilio/status/:token',
      { bodyLimit: callbackBytesMax, schema: { hide: true } },
      async (request, reply) => {
        const signature = request.headers['x-twilio-signature'];
        if (typeof signature !== 'string' || signature === '' || !request.body) {
          throw new AppError('malformed_request');
        }
        const { url } = request.raw;
        await acceptStatusCallback({
          token: request.params.token,
          request: new Secret({ url: url ?? '', signature, params: request.body }),
        });
        return reply.code(204).send();
      },
    );
  });
}
