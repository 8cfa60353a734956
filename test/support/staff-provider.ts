import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type KoaContext } from 'oidc-provider';

/** A provider of logins as an employer runs one: oidc-provider, with whoever the form names. */
export interface StaffProvider {
  readonly issuer: string;
  close(): Promise<void>;
}

export const staffClient = {
  id: 'sotto-ops',
  secret: 'a secret of a test, of 32 characters',
} as const;
export const staffAcr = { one: 'urn:example:password', two: 'urn:example:mfa' } as const;

/** Starts one on this machine. Its login page is a form: who, how, and how many seconds ago. */
export async function startStaffProvider(redirectUri: string): Promise<StaffProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const provider: Provider = new Provider(issuer, {
    clients: [
      {
        client_id: staffClient.id,
        client_secret: staffClient.secret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    acrValues: Object.values(staffAcr),
    claims: { openid: ['sub', 'amr'], acr: null, auth_time: null, iss: null, sid: null },
    cookies: { keys: ['of a test'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ sub: accountId }),
    }),
    loadExistingGrant: async ({ oidc }: KoaContext) => {
      const { accountId } = oidc.session;
      const grant = new provider.Grant({ accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return answer(request, response);
    if (request.method === 'GET') return response.end('<form method="post"></form>');
    return readForm(request).then((form) => {
      if (form.get('account') === '') {
        return provider.interactionFinished(request, response, { error: 'access_denied' });
      }
      const ageS = Number(form.get('age') ?? 0);
      const login = {
        accountId: form.get('account'),
        acr: form.get('acr') ?? staffAcr.one,
        amr: (form.get('amr') ?? 'pwd').split(' '),
        ts: Math.floor(Date.now() / 1_000) - ageS,
      };
      return provider.interactionFinished(request, response, { login });
    });
  });
  return {
    issuer,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
