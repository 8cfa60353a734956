import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
} from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import type { CallbackUseCases } from '../callbacks/callback-use-cases.ts';
import { addEmailRoutes } from '../callbacks/email-routes.ts';
import { addTwilioRoutes } from '../callbacks/twilio-routes.ts';
import { problemAnswer } from '../problems.ts';
import { addReadinessRoutes, type Readiness } from '../readiness.ts';
import { programHeaders } from '../security-headers.ts';
import { buildServer, collectRoutes, refuseOtherMethods } from '../server.ts';
import { parseStrictJson } from '../strict-json.ts';
import { type AppointmentUseCases, addAppointmentRoutes } from './appointment-routes.ts';
import { type AuthenticationDeps, createAuthentication } from './authentication.ts';
import { addDocsRoutes } from './docs/docs-routes.ts';
import { addFeedRoutes, type FeedUseCases } from './feed-routes.ts';
import { fieldErrors } from './field-errors.ts';
import { addIncidentRoutes, type IncidentUseCases } from './incident-routes.ts';
import { addLedgerRoutes, type LedgerUseCases } from './ledger-routes.ts';
import { openApiInfo } from './open-api.ts';
import { addOrganisationRoutes, type OrganisationUseCases } from './organisation-routes.ts';
import { addSendCheckRoutes, type SendCheckUseCases } from './send-check-routes.ts';
import { addWebhookRoutes, type WebhookUseCases } from './webhook-routes.ts';

export interface ApiDeps
  extends AuthenticationDeps,
    AppointmentUseCases,
    FeedUseCases,
    IncidentUseCases,
    LedgerUseCases,
    OrganisationUseCases,
    WebhookUseCases,
    SendCheckUseCases,
    CallbackUseCases {
  readonly log: Log;
  readonly apiUrl: string;
  readonly trustedProxies?: readonly string[] | undefined;
  /** The public keys that receipts verify with (RFC 7517, 5). */
  jwks(): Promise<{ readonly keys: readonly object[] }>;
  ready(): Promise<Readiness>;
}

/** The listener for booking systems and for providers' callbacks, ready to listen. */
export async function buildApi(deps: ApiDeps): Promise<FastifyInstance> {
  const app = buildServer({
    log: deps.log,
    trustedProxies: deps.trustedProxies,
    faultAnswer: (fault) => problemAnswer(fault, deps.apiUrl),
    headers: programHeaders(deps.apiUrl),
  });
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseJsonBody);
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (data) => {
    const checked = schema.safeParse(data);
    // The body goes on as it came, so that what is sealed is what was sent.
    if (checked.success) return { value: httpPart === 'body' ? data : checked.data };
    const fields = fieldErrors(checked.error.issues, data);
    return { error: new AppError('invalid_request', { fields }) };
  });
  app.setSerializerCompiler(serializerCompiler);
  await app.register(swagger, {
    openapi: openApiInfo(deps.apiUrl),
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  const routes = collectRoutes(app);

  const letIn = createAuthentication(app, deps);
  addAppointmentRoutes(app, letIn, deps);
  addFeedRoutes(app, letIn, deps);
  addLedgerRoutes(app, letIn, deps);
  addIncidentRoutes(app, letIn, deps);
  addOrganisationRoutes(app, letIn, deps);
  addWebhookRoutes(app, letIn, deps);
  addSendCheckRoutes(app, letIn, deps);
  app.get(
    '/.well-known/jwks.json',
    {
      schema: {
        operationId: 'getKeys',
        summary: 'The public keys that receipts verify with, as a JSON Web Key Set (RFC 7517).',
        tags: ['Receipts'],
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=300');
      return deps.jwks();
    },
  );
  addDocsRoutes(app, deps.apiUrl);
  await addTwilioRoutes(app, deps);
  await addEmailRoutes(app, deps);
  addReadinessRoutes(app, deps.ready);
  refuseOtherMethods(app, routes);
  await app.ready();
  return app;
}

async function parseJsonBody(request: FastifyRequest, body: Buffer): Promise<unknown> {
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new AppError('unsupported_media_type');
  }
  // Some clients name a type and send nothing with it.
  if (body.length === 0) return undefined;
  if (request.caller?.isSignedFor) request.signedBody = body;
  return parseStrictJson(body);
}
