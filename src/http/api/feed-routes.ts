import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { EventAnswer } from '../../usecases/describe-event.ts';
import { eventPage, problemResponses } from './answer-schemas.ts';
import { pageQuery } from './appointment-routes.ts';
import { callerOf, type createAuthentication, signedIn } from './authentication.ts';

export interface FeedUseCases {
  listEvents(input: {
    organisationId: string;
    mode: 'test' | 'live';
    after?: string | undefined;
    limit?: number | undefined;
  }): Promise<{ events: EventAnswer[]; next: string | null }>;
}

export function addFeedRoutes(
  server: FastifyInstance,
  letIn: ReturnType<typeof createAuthentication>,
  { listEvents }: FeedUseCases,
): void {
  server.withTypeProvider<ZodTypeProvider>().get(
    '/v1/events',
    {
      onRequest: letIn('list', 'status'),
      schema: {
        operationId: 'listEvents',
        summary: 'Lists what happened, oldest first. Scope list or status.',
        description:
          'Ask again with the newest cursor: nothing is missed, nothing comes twice. Events are kept for 90 days, or less where the deployment says so; a cursor from before what is kept answers cursor_too_old.',
        tags: ['Events'],
        security: signedIn,
        querystring: z.strictObject({
          ...pageQuery,
          after: pageQuery.after.meta({
            description:
              '`next` of the page before. `now`: no events, and a cursor for those to come.',
          }),
        }),
        response: { 200: eventPage, ...problemResponses(401, 403, 410, 422, 429, 500, 503) },
      },
    },
    async (request) => {
      const { organisationId, mode } = callerOf(request);
      return listEvents({ organisationId, mode, ...request.query });
    },
  );
}
