import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { LedgerAnswer } from '../../usecases/read-ledger.ts';
import { ledgerAnswer, problemResponses } from './answer-schemas.ts';
import { callerOf, type createAuthentication, signedIn } from './authentication.ts';

export interface LedgerUseCases {
  readLedger(input: {
    organisationId: string;
    mode: 'test' | 'live';
    from: string;
    to: string;
  }): Promise<LedgerAnswer>;
}

const wholeHour = z.iso.datetime({ offset: true });

export function addLedgerRoutes(
  server: FastifyInstance,
  letIn: ReturnType<typeof createAuthentication>,
  { readLedger }: LedgerUseCases,
): void {
  server.withTypeProvider<ZodTypeProvider>().get(
    '/v1/ledger',
    {
      onRequest: letIn('ledger'),
      schema: {
        operationId: 'readLedger',
        summary: 'What each hour saw, and a digest over the receipts issued in it. Scope ledger.',
        description:
          'For comparing with your own books. The digest is SHA-256, in hexadecimal, of the ids (`jti`) of the receipts whose `iat` lies in the hour, or in the whole span, sorted and written one after the other.',
        tags: ['Receipts'],
        security: signedIn,
        querystring: z.strictObject({
          from: wholeHour.meta({
            description:
              'RFC 3339, a whole hour (UTC), within the last 90 days, or what the deployment keeps.',
          }),
          to: wholeHour.meta({
            description: 'Likewise, not included; at most 168 hours after `from`.',
          }),
        }),
        response: { 200: ledgerAnswer, ...problemResponses(401, 403, 422, 429, 500, 503) },
      },
    },
    async (request) => {
      const { organisationId, mode } = callerOf(request);
      return readLedger({ organisationId, mode, ...request.query });
    },
  );
}
