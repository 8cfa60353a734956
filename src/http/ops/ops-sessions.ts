import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import type { OpsRole } from '../../domain/ops-role.ts';
import { roleAllows } from '../../domain/ops-role.ts';
import { Secret } from '../../domain/secret.ts';
import { formTokenFor, hasFormToken, isForeign } from '../forgery.ts';
import { isByItself } from './by-itself.ts';
import { paths } from './paths.ts';
import { roleFor } from './route-roles.ts';
import { formExpiredPage } from './views/fault-page.ts';
import { rememberVisitor, visitorOf } from './visitor.ts';

export interface SessionDeps {
  readonly opsUrl: string;
  /**
   * Undefined when the session has ended, or its user was disabled.
   *
   * @param isClick whether somebody clicked: only then its half hour begins anew
   */
  findVisitor(
    token: Secret<string>,
    use: { isClick: boolean },
  ): Promise<
    | {
        readonly id: string;
        readonly name: string;
        readonly role: OpsRole;
        readonly sessionId: string;
      }
    | undefined
  >;
  /** That somebody asked for what their role may not. */
  recordForbidden(entry: { actor: string; route: string }): Promise<void>;
}

export type OpsSessions = ReturnType<typeof createOpsSessions>;

/**
 * Sessions of operators: a random token in a cookie that no script and no other host sees, whose
 * hash the database keeps.
 *
 * `SameSite=Lax`, so that a link in an alert opens the page signed in; what changes anything is a
 * POST, which other sites' pages send without it, and which needs a form of ours too.
 */
export function createOpsSessions({ opsUrl, findVisitor, recordForbidden }: SessionDeps) {
  const https = opsUrl.startsWith('https://');
  const name = https ? '__Host-ops-session' : 'ops-session';
  const attributes = { path: '/', httpOnly: true, secure: https, sameSite: 'lax' } as const;

  function tokenOf(request: FastifyRequest): Secret<string> | undefined {
    const value = request.cookies[name];
    return value && /^[\w-]{43}$/.test(value) ? new Secret(value) : undefined;
  }

  const visit = async (request: FastifyRequest) => {
    const token = tokenOf(request);
    const user = token && (await findVisitor(token, { isClick: !isByItself(request) }));
    return token && user && { token, user };
  };

  return {
    tokenOf,
    isSignedIn: async (request: FastifyRequest) => (await visit(request)) !== undefined,
    begin: (reply: FastifyReply, token: Secret<string>) =>
      reply.setCookie(name, token.reveal(), attributes),
    end: (reply: FastifyReply) => reply.setCookie(name, '', { ...attributes, maxAge: 0 }),

    /** Lets nobody into a scope who is not signed in: a page leads to signing in, all else is a 401. */
    guard(scope: FastifyInstance): void {
      scope.addHook('onRequest', async (request, reply) => {
        const found = await visit(request);
        if (!found) {
          const isForScript = /^application\/json\b/.test(request.headers.accept ?? '');
          if (isForScript || (request.method !== 'GET' && request.method !== 'HEAD')) {
            throw new AppError('unauthenticated');
          }
          return reply.redirect(`${paths.signIn}?next=${encodeURIComponent(request.url)}`, 303);
        }
        const { user, token } = found;
        rememberVisitor(request, {
          userId: user.id,
          name: user.name,
          role: user.role,
          sessionId: user.sessionId,
          formToken: formTokenFor({ id: token }),
        });
      });
    },

    /** Lets nobody to a page or an action of a scope but whom the table of roles names. */
    demandRoles(scope: FastifyInstance): void {
      scope.addHook('onRequest', async (request) => {
        const { name, role } = visitorOf(request);
        const { url } = request.routeOptions;
        const needed = roleFor(request.method, url);
        if (needed !== undefined && roleAllows(role, needed)) return;
        await recordForbidden({ actor: name, route: `${request.method} ${url}` });
        throw new AppError('forbidden');
      });
    },

    /** Takes changes in a scope only from forms that this session was given. */
    takeOwnFormsOnly(scope: FastifyInstance): void {
      scope.addHook('preHandler', async (request, reply) => {
        if (request.method === 'GET' || request.method === 'HEAD') return;
        const token = tokenOf(request);
        if (token && !isForeign(request, opsUrl) && hasFormToken(request, { id: token })) return;
        await reply.code(403).type('text/html; charset=utf-8').send(formExpiredPage());
      });
    },
  };
}
