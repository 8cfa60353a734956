import type { FastifyInstance, FastifyReply } from 'fastify';
import { Secret } from '../../domain/secret.ts';
import { isForeign } from '../forgery.ts';
import { formField } from '../form-field.ts';
import type { OpsSessions } from './ops-sessions.ts';
import { paths } from './paths.ts';
import { type SignInFault, signInPage } from './views/sign-in-page.ts';

export interface SignInDeps {
  readonly opsUrl: string;
  readonly sessions: OpsSessions;
  signIn(input: {
    name: string;
    password: Secret<string>;
    source: string;
  }): Promise<
    | { readonly kind: 'signed-in'; readonly token: Secret<string> }
    | { readonly kind: 'wrong' }
    | { readonly kind: 'paused'; readonly waitMs: number }
  >;
}

/** What is longer was not made by us and costs time to check. */
const nameMax = 200;
/** The longest password there may be, as a keyboard may spell it. */
const passwordMax = 1_024;

/** The way in, open to anybody who reaches this listener. */
export function addSignInRoutes(app: FastifyInstance, deps: SignInDeps): void {
  const { sessions } = deps;
  const answer = (reply: FastifyReply, status: number, page: string) =>
    reply.code(status).type('text/html; charset=utf-8').send(page);

  app.get(paths.signIn, async (request, reply) => {
    const next = pathWithin((request.query as { next?: unknown }).next);
    if (await sessions.isSignedIn(request)) return reply.redirect(next, 303);
    return answer(reply, 200, signInPage({ next }));
  });

  app.post(paths.signIn, async (request, reply) => {
    const next = pathWithin(formField(request, 'next'));
    const refuse = (status: number, fault: SignInFault) =>
      answer(reply, status, signInPage({ next, fault }));
    if (isForeign(request, deps.opsUrl)) return refuse(403, { kind: 'foreign' });
    const name = formField(request, 'user').trim();
    const password = formField(request, 'password');
    if (name === '' || password === '') return refuse(422, { kind: 'missing' });
    if (name.length > nameMax || password.length > passwordMax) {
      return refuse(401, { kind: 'wrong' });
    }
    const result = await deps.signIn({ name, password: new Secret(password), source: request.ip });
    if (result.kind === 'signed-in') {
      sessions.begin(reply, result.token);
      return reply.redirect(next, 303);
    }
    if (result.kind === 'wrong') return refuse(401, { kind: 'wrong' });
    const waitS = Math.ceil(result.waitMs / 1_000);
    reply.header('retry-after', waitS);
    return refuse(429, { kind: 'paused', waitS });
  });
}

/** Only a path of this host: an address that was sent to somebody must not lead them elsewhere. */
function pathWithin(given: unknown): string {
  const isPath =
    typeof given === 'string' && given.length <= 500 && /^\/(?![/\\])[\x21-\x7e]*$/.test(given);
  return isPath && !given.startsWith(paths.signIn) ? given : paths.overview;
}
