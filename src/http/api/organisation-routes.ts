import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { WantedSettings } from '../../domain/check-settings.ts';
import type { Organisation } from '../../domain/organisation.ts';
import { problemResponses } from './answer-schemas.ts';
import { callerOf, type createAuthentication, signedIn } from './authentication.ts';
import { organisationAnswer, organisationRequest } from './organisation-schema.ts';

export interface OrganisationUseCases {
  readOrganisation(input: { organisationId: string }): Promise<Organisation>;
  changeOrganisation(input: {
    organisationId: string;
    credentialId: string;
    wanted: WantedSettings;
    reason?: string | undefined;
  }): Promise<Organisation>;
}

export function addOrganisationRoutes(
  server: FastifyInstance,
  letIn: ReturnType<typeof createAuthentication>,
  { readOrganisation, changeOrganisation }: OrganisationUseCases,
): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const url = '/v1/organisation';
  const tags = ['Organisation'];
  const security = signedIn;

  app.get(
    url,
    {
      onRequest: letIn('settings'),
      schema: {
        operationId: 'getOrganisation',
        summary: 'Tells the settings of the organisation. Scope settings.',
        tags,
        security,
        response: { 200: organisationAnswer, ...problemResponses(401, 403, 429, 500, 503) },
      },
    },
    async (request) => readOrganisation({ organisationId: callerOf(request).organisationId }),
  );

  app.put(
    url,
    {
      onRequest: letIn('settings'),
      schema: {
        operationId: 'putOrganisation',
        summary: 'Changes the settings that it names, and leaves the others. Scope settings.',
        description:
          'All of them or, if one is not acceptable, none. Each change is a line in the audit, with the id of the key. Of two that change the same setting the later wins. What was accepted before keeps its plan; the rest holds from the next request on. The answer is as of GET.',
        tags,
        security,
        body: organisationRequest,
        response: {
          200: organisationAnswer,
          ...problemResponses(400, 401, 403, 408, 413, 415, 422, 429, 500, 503),
        },
      },
    },
    async (request) => {
      const { organisationId, credentialId } = callerOf(request);
      const { reason, ...wanted } = request.body;
      return changeOrganisation({ organisationId, credentialId, wanted, reason });
    },
  );
}
