import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';

/** What a provider says where it should tell the truth; what is absent it tells as it should. */
export interface Lies {
  claims?: Record<string, unknown>;
  /** Of the ID token's signature. */
  signature?: 'none' | 'HS256' | 'of_a_stranger';
  /** In what it says of itself. */
  description?: Record<string, unknown>;
  /** How it answers in place of a token. */
  answer?: (response: ServerResponse) => void;
}

export interface LyingProvider {
  readonly issuer: string;
  lies: Lies;
  /** Requests for tokens that came. */
  readonly asked: readonly URLSearchParams[];
  /** Who logs in, at the next request for tokens. */
  subject: string;
  /** What stands in the ID token as the nonce. */
  nonce: string;
  clientId: string;
  /** Who logged in, by the code that is given for them; anybody else's is as above. */
  readonly logins: Map<string, { readonly subject: string; readonly nonce: string }>;
  close(): Promise<void>;
}

/** A provider that gives tokens for any code, and says in them what a test wants. */
export async function startLyingProvider(): Promise<LyingProvider> {
  const own = await generateKeyPair('RS256');
  const stranger = await generateKeyPair('RS256');
  const jwks = { keys: [{ ...(await exportJWK(own.publicKey)), kid: 'own', alg: 'RS256' }] };
  const asked: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (body: object) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    };
    if (request.url === '/.well-known/openid-configuration') return send(description());
    if (request.url === '/jwks') return send(jwks);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    asked.push(form);
    if (provider.lies.answer) return provider.lies.answer(response);
    return send({
      access_token: 'a',
      token_type: 'Bearer',
      id_token: await idToken(form.get('code') ?? ''),
    });
  }

  const description = () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
    authorization_response_iss_parameter_supported: true,
    ...provider.lies.description,
  });

  async function idToken(code: string): Promise<string> {
    const { subject, nonce } = provider.logins.get(code) ?? provider;
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      ...{ iss: issuer, sub: subject, aud: provider.clientId, nonce },
      ...{ iat: now, exp: now + 60, auth_time: now, acr: 'mfa' },
      ...provider.lies.claims,
    };
    if (provider.lies.signature === 'none') return new UnsecuredJWT(claims).encode();
    if (provider.lies.signature === 'HS256') {
      const key = createHash('sha256').update(JSON.stringify(jwks)).digest();
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'own' }).sign(key);
    }
    const key = provider.lies.signature === 'of_a_stranger' ? stranger : own;
    const header = { alg: 'RS256', kid: 'own' };
    return new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey);
  }

  const provider: LyingProvider = {
    ...{ issuer, asked, lies: {}, subject: '', nonce: '', clientId: 'sotto', logins: new Map() },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}
