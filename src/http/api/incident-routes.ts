import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { OwnIncidentAnswer } from '../../usecases/list-own-incidents.ts';
import { incidentAnswer, incidentList, problemResponses } from './answer-schemas.ts';
import { pageQuery } from './appointment-routes.ts';
import { callerOf, type createAuthentication, signedIn } from './authentication.ts';

interface Owner {
  organisationId: string;
  mode: 'test' | 'live';
}

export interface IncidentUseCases {
  listOwnIncidents(input: Owner): Promise<{ incidents: OwnIncidentAnswer[] }>;
  readOwnIncident(
    input: Owner & { incidentId: string; after?: string | undefined; limit?: number | undefined },
  ): Promise<OwnIncidentAnswer & { references: string[]; next: string | null }>;
}

const tags = ['Incidents'];
const security = signedIn;

/** What went wrong and may have touched appointments of the caller's organisation. */
export function addIncidentRoutes(
  server: FastifyInstance,
  letIn: ReturnType<typeof createAuthentication>,
  { listOwnIncidents, readOwnIncident }: IncidentUseCases,
): void {
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.get(
    '/v1/incidents',
    {
      onRequest: letIn('status'),
      schema: {
        operationId: 'listIncidents',
        summary:
          'Lists incidents that may have touched your appointments, newest first. Scope status.',
        description:
          'An event `incident.opened` tells of each within minutes, and `incident.closed` that it is over. At most 200 are listed.',
        tags,
        security,
        response: { 200: incidentList, ...problemResponses(401, 403, 429, 500, 503) },
      },
    },
    async (request) => {
      const { organisationId, mode } = callerOf(request);
      return listOwnIncidents({ organisationId, mode });
    },
  );
  routes.get(
    '/v1/incidents/:id',
    {
      onRequest: letIn('status'),
      schema: {
        operationId: 'readIncident',
        summary: 'One incident, and which of your appointments it may have touched. Scope status.',
        description: 'References are added while it is open, and go with their appointments.',
        tags,
        security,
        params: z.object({ id: z.string() }),
        querystring: z.strictObject(pageQuery),
        response: { 200: incidentAnswer, ...problemResponses(401, 403, 404, 422, 429, 500, 503) },
      },
    },
    async (request) => {
      const { organisationId, mode } = callerOf(request);
      const incidentId = z.uuid().safeParse(request.params.id).data;
      if (incidentId === undefined) throw new AppError('not_found');
      return readOwnIncident({ organisationId, mode, incidentId, ...request.query });
    },
  );
}
