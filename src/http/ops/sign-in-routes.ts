import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Secret } from '../../domain/secret.ts';
import type { OpsLoginSecrets } from '../../transport/ops-openid.ts';
import type { ElsewhereResult } from '../../usecases/sign-in-elsewhere.ts';
import { isForeign } from '../forgery.ts';
import { formField } from '../form-field.ts';
import { createLoginCookie } from './login-cookie.ts';
import type { OpsSessions } from './ops-sessions.ts';
import { paths } from './paths.ts';
import { type SignInFault, signInPage } from './views/sign-in-page.ts';

export interface SignInProvider {
  /** Where to send the browser; undefined when the provider does not answer. */
  begin(secrets: OpsLoginSecrets): Promise<string | undefined>;
  finish(input: { secrets: OpsLoginSecrets; returned: URLSearchParams }): Promise<ElsewhereResult>;
}

export interface SignInDeps {
  readonly opsUrl: string;
  readonly sessions: OpsSessions;
  readonly isPasswordTaken: boolean;
  /** The provider of logins, where there is one. */
  readonly provider: SignInProvider | undefined;
  signOut(token: Secret<string>): Promise<void>;
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
  const { sessions, isPasswordTaken, provider } = deps;
  const ways = { password: isPasswordTaken, provider: provider !== undefined };
  const login = createLoginCookie({ https: deps.opsUrl.startsWith('https://') });
  const answer = (reply: FastifyReply, status: number, page: string) =>
    reply.code(status).type('text/html; charset=utf-8').send(page);

  /** A session that this browser had is over: its cookie is replaced, and may have been copied. */
  const leaveFormer = async (request: FastifyRequest) => {
    const former = sessions.tokenOf(request);
    if (former) await deps.signOut(former);
  };

  app.get(paths.signIn, async (request, reply) => {
    const next = pathWithin((request.query as { next?: unknown }).next);
    if (await sessions.isSignedIn(request)) return reply.redirect(next, 303);
    return answer(reply, 200, signInPage({ next, ways }));
  });

  app.post(paths.signIn, async (request, reply) => {
    const next = pathWithin(formField(request, 'next'));
    const refuse = (status: number, fault: SignInFault) =>
      answer(reply, status, signInPage({ next, ways, fault }));
    if (!isPasswordTaken) return refuse(403, { kind: 'no_passwords' });
    if (isForeign(request, deps.opsUrl)) return refuse(403, { kind: 'foreign' });
    const name = formField(request, 'user').trim();
    const password = formField(request, 'password');
    if (name === '' || password === '') return refuse(422, { kind: 'missing' });
    if (name.length > nameMax || password.length > passwordMax) {
      return refuse(401, { kind: 'wrong' });
    }
    const result = await deps.signIn({ name, password: new Secret(password), source: request.ip });
    if (result.kind === 'signed-in') {
      await leaveFormer(request);
      sessions.begin(reply, result.token);
      return reply.redirect(next, 303);
    }
    if (result.kind === 'wrong') return refuse(401, { kind: 'wrong' });
    const waitS = Math.ceil(result.waitMs / 1_000);
    reply.header('retry-after', waitS);
    return refuse(429, { kind: 'paused', waitS });
  });

  if (!provider) return;
  app.get(paths.signInElsewhere, async (request, reply) => {
    const next = pathWithin((request.query as { next?: unknown }).next);
    const address = await provider.begin(login.begin(reply, next));
    if (address !== undefined) return reply.redirect(address, 303);
    return answer(reply, 503, signInPage({ next, ways, fault: { kind: 'provider_away' } }));
  });

  app.get(paths.signInReturn, async (request, reply) => {
    const begun = login.take(request, reply);
    const next = pathWithin(begun?.next);
    const refuse = (kind: 'refused' | 'unregistered') =>
      answer(reply, 401, signInPage({ next, ways, fault: { kind } }));
    if (!begun) return refuse('refused');
    const returned = new URL(request.url, deps.opsUrl).searchParams;
    const result = await provider.finish({ secrets: begun.secrets, returned });
    if (result.kind !== 'signed-in') return refuse(result.kind);
    await leaveFormer(request);
    sessions.begin(reply, result.token);
    return reply.redirect(next, 303);
  });
}

/** Only a path of this host: an address that was sent to somebody must not lead them elsewhere. */
function pathWithin(given: unknown): string {
  const isPath =
    typeof given === 'string' && given.length <= 500 && /^\/(?![/\\])[\x21-\x7e]*$/.test(given);
  return isPath && !given.startsWith(paths.signIn) ? given : paths.overview;
}
