import type { FastifyInstance } from 'fastify';

/** Else closing would wait until each client gives up a connection that nobody uses any more. */
export function letGoWhenClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });
}
