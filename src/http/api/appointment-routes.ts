import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { limits } from '../../../config/limits.ts';
import type { AppointmentRequest, DeleteAnswer, PutAnswer } from '../../domain/appointment.ts';
import { AppError } from '../../domain/errors.ts';
import type { Quotas } from '../../domain/quota.ts';
import { isReference } from '../../domain/reference.ts';
import type { Scope } from '../../domain/scope.ts';
import { Secret } from '../../domain/secret.ts';
import type { AppointmentAnswer } from '../../usecases/describe-appointment.ts';
import type { ListAppointmentsInput } from '../../usecases/list-appointments.ts';
import {
  appointmentAnswer,
  appointmentPage,
  deleteAnswer,
  problemResponses,
  putAnswer,
} from './answer-schemas.ts';
import { appointmentRequest } from './appointment-schema.ts';
import { callerOf, type createAuthentication, demandScope, signedIn } from './authentication.ts';

interface AppointmentKey {
  readonly organisationId: string;
  readonly mode: 'test' | 'live';
  readonly reference: string;
}

/** What the routes of appointments call. Each throws `AppError` and nothing personal. */
export interface AppointmentUseCases {
  putAppointment(
    input: AppointmentKey & {
      readonly credential: { readonly id: string; readonly quotas: Quotas };
      readonly body: Secret<AppointmentRequest>;
    },
  ): Promise<PutAnswer>;
  /** @throws {AppError} `overloaded`, before the request is checked */
  refuseWhenFull?(input: { isCancellation: boolean }): void;
  deleteAppointment(input: AppointmentKey & { erase: boolean }): Promise<DeleteAnswer>;
  readAppointment(input: AppointmentKey & { scopes: readonly Scope[] }): Promise<AppointmentAnswer>;
  listAppointments(
    input: ListAppointmentsInput,
  ): Promise<{ appointments: AppointmentAnswer[]; next: string | null }>;
}

const referenceParams = z.object({
  reference: z.string().meta({
    // Looked at by the handlers: a wrong one is a fault of a PUT and simply unknown to the others.
    pattern: '^[A-Za-z0-9._:-]{1,128}$',
    description: "The booking system's own opaque id. Ops and events show it: never a name.",
  }),
});

export const pageQuery = {
  after: z.string().min(1).max(512).optional().meta({ description: '`next` of the page before.' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(limits.pageSizeMax)
    .optional()
    .meta({ description: `Absent: ${limits.pageSizeDefault}.` }),
};

const security = signedIn;
const tags = ['Appointments'];

export function addAppointmentRoutes(
  server: FastifyInstance,
  letIn: ReturnType<typeof createAuthentication>,
  useCases: AppointmentUseCases,
): void {
  const app = server.withTypeProvider<ZodTypeProvider>();
  const url = '/v1/appointments/:reference';

  app.put(
    url,
    {
      onRequest: letIn('write'),
      // The body has been read and nothing else done with it: what is called off is let through.
      preValidation: async ({ body }) => {
        useCases.refuseWhenFull?.({ isCancellation: isCancellation(body) });
      },
      schema: {
        operationId: 'putAppointment',
        summary: 'Creates or replaces an appointment and plans its reminders. Scope write.',
        tags,
        security,
        params: referenceParams,
        body: appointmentRequest,
        response: {
          200: putAnswer.describe('Replaced.'),
          201: putAnswer.describe('Created.'),
          ...problemResponses(400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503),
        },
      },
    },
    async (request, reply) => {
      const { organisationId, mode, credentialId, quotas } = callerOf(request);
      const { reference } = request.params;
      if (!isReference(reference)) {
        throw new AppError('invalid_request', {
          fields: [{ pointer: '', code: 'invalid_reference' }],
        });
      }
      const body = new Secret(request.body);
      const credential = { id: credentialId, quotas };
      const answer = await useCases.putAppointment({
        ...{ organisationId, mode, reference, credential, body },
      });
      return reply.code(answer.created ? 201 : 200).send(answer);
    },
  );

  app.get(
    url,
    {
      onRequest: letIn('status', 'write'),
      schema: {
        operationId: 'getAppointment',
        summary: 'Tells what became of an appointment and its reminders. Scope status or write.',
        tags,
        security,
        params: referenceParams,
        response: { 200: appointmentAnswer, ...problemResponses(401, 403, 404, 429, 500, 503) },
      },
    },
    async (request) => {
      const { organisationId, mode, scopes } = callerOf(request);
      const { reference } = request.params;
      return useCases.readAppointment({ organisationId, mode, reference, scopes });
    },
  );

  app.delete(
    url,
    {
      onRequest: letIn('write', 'erase'),
      schema: {
        operationId: 'deleteAppointment',
        summary:
          'Cancels without notice (scope write) or, with erase=true, shreds what was stored (scope erase).',
        tags,
        security,
        params: referenceParams,
        querystring: z.strictObject({ erase: z.enum(['true', 'false']).optional() }),
        response: { 200: deleteAnswer, ...problemResponses(401, 403, 404, 422, 429, 500, 503) },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const erase = request.query.erase === 'true';
      demandScope(caller, erase ? 'erase' : 'write');
      const { organisationId, mode } = caller;
      const { reference } = request.params;
      if (!isReference(reference)) throw new AppError('not_found');
      return useCases.deleteAppointment({ organisationId, mode, reference, erase });
    },
  );

  app.get(
    '/v1/appointments',
    {
      onRequest: letIn('list'),
      schema: {
        operationId: 'listAppointments',
        summary: 'Lists appointments in order of their references, each once. Scope list.',
        tags,
        security,
        querystring: z.strictObject({
          state: z.enum(['booked', 'cancelled', 'erased']).optional(),
          ...pageQuery,
        }),
        response: { 200: appointmentPage, ...problemResponses(401, 403, 422, 429, 500, 503) },
      },
    },
    async (request) => {
      const { organisationId, mode, scopes } = callerOf(request);
      return useCases.listAppointments({ organisationId, mode, scopes, ...request.query });
    },
  );
}

function isCancellation(body: unknown): boolean {
  return (body as { status?: unknown } | null | undefined)?.status === 'cancelled';
}
