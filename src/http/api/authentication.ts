import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import type { Scope } from '../../domain/scope.ts';
import type { Caller } from '../../usecases/authenticate.ts';
import { createRateLimiter, rateLimitHeaders } from './rate-limit.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

export interface AuthenticationDeps {
  authenticate(headers: {
    authorization?: string | undefined;
    organisation?: string | undefined;
  }): Promise<Caller>;
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
  const count = createRateLimiter(deps.nowMs);

  return (...anyOf: Scope[]) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      const caller = await deps.authenticate({
        authorization: request.headers.authorization,
        organisation: oneValue(request.headers['sotto-organisation']),
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
