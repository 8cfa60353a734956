import type { FastifyReply, FastifyRequest } from 'fastify';

const coalesceMs = 150;
/** Comments keep the connection from looking dead to whatever stands in between. */
const heartbeatMs = 20_000;

/**
 * Tells open pages that something changed, by server-sent events. What changed is not said: the
 * page fetches itself again, so there is one way to render.
 */
export function createLive() {
  const open = new Set<FastifyReply['raw']>();
  let pending: NodeJS.Timeout | undefined;
  const say = (text: string) => {
    for (const response of open) response.write(text);
  };
  const heartbeat = setInterval(() => say(':\n\n'), heartbeatMs);

  return {
    changed(): void {
      pending ??= setTimeout(() => {
        pending = undefined;
        say('event: changed\ndata:\n\n');
      }, coalesceMs);
    },

    route(request: FastifyRequest, reply: FastifyReply): void {
      reply.hijack();
      reply.raw.writeHead(200, {
        ...reply.getHeaders(),
        'Content-Type': 'text/event-stream',
      } as Record<string, string>);
      reply.raw.write('retry: 1000\n\n');
      open.add(reply.raw);
      request.raw.on('close', () => open.delete(reply.raw));
    },

    close(): void {
      clearInterval(heartbeat);
      clearTimeout(pending);
      for (const response of open) response.end();
    },
  };
}
