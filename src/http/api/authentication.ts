import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import type { Scope } from '../../domain/scope.ts';
import type { ArrivingRequest, Caller } from '../../usecases/authenticate.ts';
import { createRateLimiter, rateLimitHeaders } from './rate-limit.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
    /** The bytes that came, where a signature is held against them. */
    signedBody: Uint8Array | undefined;
  }
}

/** How a caller may sign in, for OpenAPI. */
export const signedIn: { [scheme: string]: string[] }[] = [{ signedRequest: [] }, { apiKey: [] }];

export interface AuthenticationDeps {
  authenticate(request: ArrivingRequest): Promise<Caller>;
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number;
}

/**
 * Makes hooks that let in callers with one of the scopes, before anything of the body is read.
 *
 * @returns a hook maker; a request past the caller's ceiling answers `rate_limited`
 */
export function createAuthentication(app: FastifyInstance, deps: AuthenticationDeps) {
  app.decorateRequest('caller', undefined);
  app.decorateRequest('signedBody', undefined);
  app.addHook('preValidation', demandSignedBody);
  const count = createRateLimiter(deps.nowMs);

  return (...anyOf: Scope[]) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      const caller = await deps.authenticate({
        authorization: request.headers.authorization,
        organisation: oneValue(request.headers['sotto-organisation']),
        method: request.method,
        path: request.url,
        address: request.ip,
      });
      if (caller.requestsPerMinute !== undefined) {
        const who = `${caller.credentialId} ${caller.organisationId}`;
        const allowance = count(who, caller.requestsPerMinute);
        reply.headers(rateLimitHeaders(allowance));
        if (!allowance.allowed) {
          throw new AppError('rate_limited', { retryAfterS: allowance.resetS });
        }
      }
      demandScope(caller, ...anyOf);
      request.caller = caller;
    };
}

/** What was signed for one body, or for none, is not good with another. */
async function demandSignedBody({ caller, signedBody }: FastifyRequest): Promise<void> {
  if (caller?.isSignedFor?.(signedBody) ?? true) return;
  throw new AppError('token_refused', { fields: [{ pointer: '/body', code: 'invalid_value' }] });
}

/** @throws {AppError} `forbidden` */
export function demandScope(caller: Caller, ...anyOf: Scope[]): void {
  if (!anyOf.some((scope) => caller.scopes.includes(scope))) throw new AppError('forbidden');
}

/** The caller of a request that passed the hook. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new AppError('internal');
  return request.caller;
}

function oneValue(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.join(',');
}
