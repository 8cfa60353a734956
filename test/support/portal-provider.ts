import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type KoaContext } from 'oidc-provider';

/** A portal as organisations run one: oidc-provider, with accounts named by whoever logs in. */
export interface PortalProvider {
  readonly issuer: string;
  /** How a person logs in there: with a password, or with two factors. */
  readonly acrs: { readonly one: string; readonly two: string };
  close(): Promise<void>;
}

/** A client as a portal registers one. */
export interface RegisteredClient {
  readonly id: string;
  readonly redirectUri: string;
  readonly keys: readonly object[];
}

const acrs = { one: 'urn:example:password', two: 'urn:example:mfa' } as const;

/** Starts one on this machine; its login page is a form without a script. */
export async function startPortalProvider(
  clientsAt: (issuer: string) => readonly RegisteredClient[],
): Promise<PortalProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, configurationOf(clientsAt(issuer)));
  const answer = provider.callback();

  server.on('request', (request, response) => {
    if (request.url === '/favicon.ico') return response.writeHead(204).end();
    const isLogin = request.url?.startsWith('/interaction/');
    if (!isLogin) return answer(request, response);
    if (request.method === 'GET') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      return response.end(loginForm);
    }
    return readForm(request).then(async (form) => {
      if (form.get('answer') === 'cancel') {
        const result = { error: 'access_denied', error_description: 'End-User aborted' };
        return provider.interactionFinished(request, response, result);
      }
      const login = {
        accountId: form.get('account'),
        acr: form.get('factors') === 'two' ? acrs.two : acrs.one,
        remember: true,
      };
      return provider.interactionFinished(request, response, { login });
    });
  });
  return {
    ...{ issuer, acrs },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  function configurationOf(clients: readonly RegisteredClient[]) {
    return {
      clients: clients.map(({ id, redirectUri, keys }) => ({
        client_id: id,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys },
        grant_types: ['authorization_code'],
        response_types: ['code'],
      })),
      acrValues: Object.values(acrs),
      cookies: { keys: ['of a test'] },
      features: { devInteractions: { enabled: false } },
      pkce: { required: () => true },
      clientAuthMethods: ['private_key_jwt'],
      findAccount: (_context: unknown, accountId: string) => ({
        accountId,
        claims: () => ({ sub: accountId, email: 'lea@example.org', email_verified: true }),
      }),
      // Nobody is asked whether they consent to what their own portal does.
      loadExistingGrant: async ({ oidc }: KoaContext) => {
        const { accountId } = oidc.session;
        const grant = new provider.Grant({ accountId, clientId: oidc.client.clientId });
        grant.addOIDCScope('openid');
        await grant.save();
        return grant;
      },
    };
  }
}

const loginForm = `<!doctype html><title>Portal</title><form method="post">
<input name="account"><input name="factors" value="two">
<button name="answer" value="login">Log in</button><button name="answer" value="cancel">Cancel</button></form>`;

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
