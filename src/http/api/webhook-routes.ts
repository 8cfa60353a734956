import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { limits } from '../../../config/limits.ts';
import { AppError } from '../../domain/errors.ts';
import type {
  WebhookEndpointAnswer,
  WebhookFailureAnswer,
} from '../../usecases/describe-webhook-endpoint.ts';
import { problemResponses } from './answer-schemas.ts';
import { pageQuery } from './appointment-routes.ts';
import { callerOf, type createAuthentication, signedIn } from './authentication.ts';
import {
  changeWebhookRequest,
  createWebhookRequest,
  replayRequest,
  rotateSecretRequest,
  webhookEndpoint,
  webhookEndpointList,
  webhookEndpointWithSecret,
  webhookFailureList,
} from './webhook-schema.ts';

interface Owner {
  readonly organisationId: string;
  readonly mode: 'test' | 'live';
}
interface Change extends Owner {
  readonly endpointId: string;
  readonly credentialId: string;
}
type WithSecret = WebhookEndpointAnswer & { secret: string };

export interface WebhookUseCases {
  createWebhookEndpoint(input: Owner & { credentialId: string; url: string }): Promise<WithSecret>;
  listWebhookEndpoints(input: Owner): Promise<{ endpoints: WebhookEndpointAnswer[] }>;
  readWebhookEndpoint(input: Owner & { endpointId: string }): Promise<WebhookEndpointAnswer>;
  changeWebhookEndpoint(
    input: Change & { url?: string | undefined; enabled?: boolean | undefined },
  ): Promise<WebhookEndpointAnswer>;
  deleteWebhookEndpoint(input: Change): Promise<void>;
  rotateWebhookSecret(input: Change & { overlapHours: number }): Promise<WithSecret>;
  testWebhookEndpoint(input: Change): Promise<WebhookEndpointAnswer>;
  replayWebhookEvents(input: Change & { after: string | null }): Promise<WebhookEndpointAnswer>;
  listWebhookFailures(
    input: Owner & { endpointId: string; limit?: number | undefined },
  ): Promise<{ failures: WebhookFailureAnswer[] }>;
}

const url = '/v1/webhook-endpoints';
const one = `${url}/:id`;
const params = z.object({ id: z.string().meta({ format: 'uuid' }) });
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const about = { tags: ['Webhooks'], security: signedIn };
const reading = problemResponses(401, 403, 404, 429, 500, 503);
const writing = problemResponses(400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503);

/** What says where to go on from may say it too late. */
const goingOn = { ...writing, ...problemResponses(410) };

/** Every route needs scope `webhooks`: whoever has it decides where events go. */
export function addWebhookRoutes(
  server: FastifyInstance,
  letIn: ReturnType<typeof createAuthentication>,
  useCases: WebhookUseCases,
): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const onRequest = letIn('webhooks');

  app.post(
    url,
    {
      onRequest,
      schema: {
        operationId: 'createWebhookEndpoint',
        summary: 'Adds an address that events are pushed to. Scope webhooks.',
        description: `Every event from now on is delivered at least once and in order, signed after Standard Webhooks. At most ${limits.webhookEndpointsMax} of an organisation and mode.`,
        ...about,
        body: createWebhookRequest,
        response: { 201: webhookEndpointWithSecret, ...without(writing, 404) },
      },
    },
    async (request, reply) => {
      const made = await useCases.createWebhookEndpoint({
        ...callerAs(request),
        url: request.body.url,
      });
      return reply.code(201).send(made);
    },
  );

  app.get(
    url,
    {
      onRequest,
      schema: {
        operationId: 'listWebhookEndpoints',
        summary: 'Lists the addresses that events are pushed to. Scope webhooks.',
        ...about,
        response: { 200: webhookEndpointList, ...without(reading, 404) },
      },
    },
    async (request) => useCases.listWebhookEndpoints(callerAs(request)),
  );

  app.get(
    one,
    {
      onRequest,
      schema: {
        operationId: 'getWebhookEndpoint',
        summary:
          'Tells how far an endpoint has got, and what the last test came to. Scope webhooks.',
        ...about,
        params,
        response: { 200: webhookEndpoint, ...reading },
      },
    },
    async (request) => useCases.readWebhookEndpoint(changeOf(request)),
  );

  app.put(
    one,
    {
      onRequest,
      schema: {
        operationId: 'putWebhookEndpoint',
        summary:
          'Changes the address, or turns it off and on; what is not named stays. Scope webhooks.',
        ...about,
        params,
        body: changeWebhookRequest,
        response: { 200: webhookEndpoint, ...goingOn },
      },
    },
    async (request) => {
      const { url: address, enabled } = request.body;
      return useCases.changeWebhookEndpoint({ ...changeOf(request), url: address, enabled });
    },
  );

  app.delete(
    one,
    {
      onRequest,
      schema: {
        operationId: 'deleteWebhookEndpoint',
        summary: 'Removes an endpoint; one delivery may be on its way still. Scope webhooks.',
        ...about,
        params,
        response: { 204: z.undefined().describe('Removed.'), ...reading },
      },
    },
    async (request, reply) => {
      await useCases.deleteWebhookEndpoint(changeOf(request));
      return reply.code(204).send();
    },
  );

  addWebhookActions(server, letIn, useCases);
}

function addWebhookActions(
  server: FastifyInstance,
  letIn: ReturnType<typeof createAuthentication>,
  useCases: WebhookUseCases,
): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const onRequest = letIn('webhooks');

  app.post(
    `${one}/rotate-secret`,
    {
      onRequest,
      // Nothing has to be said, so no body is needed.
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        operationId: 'rotateWebhookSecret',
        summary: 'Makes a new secret; the one before it goes on for a while. Scope webhooks.',
        description: 'At most two are live: one before the last ends at once.',
        ...about,
        params,
        body: rotateSecretRequest,
        response: { 200: webhookEndpointWithSecret, ...writing },
      },
    },
    async (request) => {
      const { overlapHours = limits.webhookOverlapHoursDefault } = request.body;
      return useCases.rotateWebhookSecret({ ...changeOf(request), overlapHours });
    },
  );

  app.post(
    `${one}/test`,
    {
      onRequest,
      schema: {
        operationId: 'testWebhookEndpoint',
        summary: 'Sends an event of type endpoint.test, once. Scope webhooks.',
        description:
          'Also to an endpoint that is disabled. What came of it is in test of GET, within seconds. After one that arrived, what waits for its next try goes at once.',
        ...about,
        params,
        response: { 202: webhookEndpoint, ...reading },
      },
    },
    async (request, reply) =>
      reply.code(202).send(await useCases.testWebhookEndpoint(changeOf(request))),
  );

  app.post(
    `${one}/replay`,
    {
      onRequest,
      schema: {
        operationId: 'replayWebhookEvents',
        summary: 'Sends everything behind a cursor, again if need be. Scope webhooks.',
        description:
          'With the webhook-id of the first time. An endpoint that is disabled stays so until it is enabled.',
        ...about,
        params,
        body: replayRequest,
        response: { 200: webhookEndpoint, ...goingOn },
      },
    },
    async (request) =>
      useCases.replayWebhookEvents({ ...changeOf(request), after: request.body.after }),
  );

  app.get(
    `${one}/failures`,
    {
      onRequest,
      schema: {
        operationId: 'listWebhookFailures',
        summary:
          'Lists deliveries of the last 30 days that did not arrive, newest first. Scope webhooks.',
        ...about,
        params,
        querystring: z.strictObject({ limit: pageQuery.limit }),
        response: { 200: webhookFailureList, ...reading, ...problemResponses(422) },
      },
    },
    async (request) => useCases.listWebhookFailures({ ...changeOf(request), ...request.query }),
  );
}

function callerAs(request: FastifyRequest): Owner & { credentialId: string } {
  const { organisationId, mode, credentialId } = callerOf(request);
  return { organisationId, mode, credentialId };
}

/** What is no id is nobody's. */
function changeOf(request: FastifyRequest): Change {
  const { id } = request.params as { id: string };
  if (!uuid.test(id)) throw new AppError('not_found');
  return { ...callerAs(request), endpointId: id };
}

function without(responses: Record<string, object>, status: number): Record<string, object> {
  return Object.fromEntries(Object.entries(responses).filter(([key]) => key !== String(status)));
}
