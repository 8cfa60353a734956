import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import { Secret } from '../../domain/secret.ts';
import type { CallbackRequest } from '../../usecases/accept-callback.ts';
import { behindSecret, type CallbackUseCases } from './callback-use-cases.ts';

/** Twilio's are about 1 kB; a long message of ten parts in Arabic about 10. */
const callbackBytesMax = 16 * 1024;

/** "Answer nothing": anything but XML would be an error to Twilio (12300). */
const noReply = '<?xml version="1.0" encoding="UTF-8"?><Response/>';

/**
 * Where Twilio tells what became of a message, and what people answer. Everything is kept, be it
 * genuine or not: the signature is checked by whoever can open it.
 *
 * @see https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
 * @see https://www.twilio.com/docs/messaging/guides/webhook-request
 */
export async function addTwilioRoutes(
  server: FastifyInstance,
  useCases: CallbackUseCases,
): Promise<void> {
  // In a scope of its own: forms are taken here and nowhere else.
  await server.register(async (app) => {
    await app.register(formbody, { bodyLimit: callbackBytesMax });
    app.removeContentTypeParser('application/json');
    const options = { bodyLimit: callbackBytesMax, schema: { hide: true } };

    app.post<{ Params: { token: string } }>(
      '/callbacks/twilio/status/:token',
      options,
      async (request, reply) => {
        const { token } = request.params;
        await useCases.acceptStatusCallback({ token, request: signedRequest(request) });
        return reply.code(204).send();
      },
    );
    app.post(
      '/callbacks/twilio/inbound/:secret',
      { ...options, onRequest: behindSecret(useCases, 'inbound') },
      async (request, reply) => {
        await useCases.acceptInboundMessage({ request: signedRequest(request) });
        return reply.type('text/xml; charset=utf-8').serializer(String).send(noReply);
      },
    );
  });
}

/** @throws {AppError} `malformed_request` for what has no signature or no form */
function signedRequest({ headers, body, raw }: FastifyRequest): Secret<CallbackRequest> {
  const signature = headers['x-twilio-signature'];
  if (typeof signature !== 'string' || signature === '' || !body) {
    throw new AppError('malformed_request');
  }
  const params = body as CallbackRequest['params'];
  return new Secret({ url: raw.url ?? '', signature, params });
}
