import type { FastifyInstance } from 'fastify';
import { limits } from '../../../config/limits.ts';
import { AppError } from '../../domain/errors.ts';
import { Secret } from '../../domain/secret.ts';
import { behindSecret, type CallbackUseCases } from './callback-use-cases.ts';

/**
 * Where a mail server hands over what came to the return path: one raw message (RFC 5322) a request,
 * under any content type, kept as it came. It is not signed: the address is the proof.
 */
export async function addEmailRoutes(
  server: FastifyInstance,
  useCases: CallbackUseCases,
): Promise<void> {
  // In a scope of its own: raw bytes are taken here and nowhere else.
  await server.register(async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      '*',
      { parseAs: 'buffer' },
      async (_request: unknown, body: unknown) => body,
    );
    app.post(
      '/callbacks/email/bounce/:secret',
      {
        bodyLimit: limits.bounceBytesMax,
        schema: { hide: true },
        onRequest: behindSecret(useCases, 'bounce'),
      },
      async (request, reply) => {
        const message = request.body;
        if (!Buffer.isBuffer(message) || message.length === 0) {
          throw new AppError('malformed_request');
        }
        await useCases.acceptBounce({ message: new Secret(message) });
        return reply.code(204).send();
      },
    );
  });
}
