import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { limits } from '../../../config/limits.ts';
import type { WithNewSecret } from '../../usecases/change-send-check.ts';
import type { SendCheckAnswer } from '../../usecases/describe-send-check.ts';
import { problemResponses } from './answer-schemas.ts';
import { callerOf, type createAuthentication, signedIn } from './authentication.ts';
import { sendCheck, sendCheckRequest, sendCheckWithSecret } from './send-check-schema.ts';
import { rotateSecretRequest } from './webhook-schema.ts';

interface Owner {
  readonly organisationId: string;
  readonly mode: 'test' | 'live';
}
type Change = Owner & { readonly credentialId: string };

export interface SendCheckUseCases {
  readSendCheck(input: Owner): Promise<SendCheckAnswer>;
  putSendCheck(
    input: Change & { url?: string | undefined; onNoAnswer?: string | undefined },
  ): Promise<{ isNew: boolean; check: WithNewSecret }>;
  testSendCheck(input: Change): Promise<SendCheckAnswer>;
  rotateSendCheckSecret(
    input: Change & { overlapHours?: number | undefined },
  ): Promise<WithNewSecret>;
  removeSendCheck(input: Change): Promise<void>;
}

const url = '/v1/send-check';
const about = { tags: ['Send-time check'], security: signedIn };
const reading = problemResponses(401, 403, 404, 429, 500, 503);
const writing = problemResponses(400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503);

/** Every route needs scope `settings`: whoever has it decides whether anything is sent. */
export function addSendCheckRoutes(
  server: FastifyInstance,
  letIn: ReturnType<typeof createAuthentication>,
  useCases: SendCheckUseCases,
): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const onRequest = letIn('settings');

  app.get(
    url,
    {
      onRequest,
      schema: {
        operationId: 'getSendCheck',
        summary: 'Tells whom we ask before a reminder goes out, and how that goes. Scope settings.',
        description: 'Of the mode of the key. not_found: nobody is asked.',
        ...about,
        response: { 200: sendCheck, ...reading },
      },
    },
    async (request) => useCases.readSendCheck(callerAs(request)),
  );

  app.put(
    url,
    {
      onRequest,
      schema: {
        operationId: 'putSendCheck',
        summary: 'Has an address asked before each reminder, or changes how. Scope settings.',
        description:
          'What is not named stays. 201 with the secret the first time. The question is a POST, signed after Standard Webhooks; the answer 200 with {"decision":"proceed"} or {"decision":"drop"}, within 5 seconds.',
        ...about,
        body: sendCheckRequest,
        response: { 200: sendCheck, 201: sendCheckWithSecret, ...writing },
      },
    },
    async (request, reply) => {
      const input = { ...callerAs(request), ...request.body };
      const { isNew, check } = await useCases.putSendCheck(input);
      return reply.code(isNew ? 201 : 200).send(check);
    },
  );

  app.delete(
    url,
    {
      onRequest,
      schema: {
        operationId: 'deleteSendCheck',
        summary: 'Asks nobody any more: what is due goes out at once. Scope settings.',
        ...about,
        response: { 204: z.undefined().describe('Removed.'), ...reading },
      },
    },
    async (request, reply) => {
      await useCases.removeSendCheck(callerAs(request));
      return reply.code(204).send();
    },
  );

  app.post(
    `${url}/rotate-secret`,
    {
      onRequest,
      // Nothing has to be said, so no body is needed.
      preValidation: async (request) => {
        request.body ??= {};
      },
      schema: {
        operationId: 'rotateSendCheckSecret',
        summary: 'Makes a new secret; the one before it goes on for a while. Scope settings.',
        ...about,
        body: rotateSecretRequest,
        response: { 200: sendCheckWithSecret, ...writing },
      },
    },
    async (request) => {
      const { overlapHours = limits.webhookOverlapHoursDefault } = request.body;
      return useCases.rotateSendCheckSecret({ ...callerAs(request), overlapHours });
    },
  );

  app.post(
    `${url}/test`,
    {
      onRequest,
      schema: {
        operationId: 'testSendCheck',
        summary: 'Asks a question of type reminder.check.test, once. Scope settings.',
        description:
          'What came of it is in test of GET, within seconds. Nothing is sent or dropped.',
        ...about,
        response: { 202: sendCheck, ...reading },
      },
    },
    async (request, reply) => reply.code(202).send(await useCases.testSendCheck(callerAs(request))),
  );
}

function callerAs(request: FastifyRequest): Change {
  const { organisationId, mode, credentialId } = callerOf(request);
  return { organisationId, mode, credentialId };
}
