import * as openid from 'openid-client';
import { limits } from '../../config/limits.ts';
import type { Portal } from '../domain/portal.ts';
import { Secret } from '../domain/secret.ts';
import type { ProviderFetch } from './provider-fetch.ts';

/** A login that was begun: what its end must fit. For the browser that began it, and nobody else. */
export interface PortalLogin {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly begunAtMs: number;
}

/** `unavailable`: the provider's or our own fault; `cancelled`: the person's will; `refused`: all else. */
export type PortalFault = {
  readonly fault: 'unavailable' | 'cancelled' | 'refused';
  /** For the log: one of ours, of RFC 6749 or of OpenID Connect, never a text from outside. */
  readonly code: string;
};

export interface PortalClient {
  begin(input: {
    portal: Portal;
    redirectUri: string;
    language: string;
  }): Promise<{ readonly url: string; readonly login: PortalLogin } | PortalFault>;
  /**
   * @param callbackUrl the redirect URI with the query that came back
   * @returns who logged in, as the issuer names them
   */
  finish(input: {
    portal: Portal;
    login: PortalLogin;
    callbackUrl: URL;
  }): Promise<{ readonly subject: Secret<string> } | PortalFault>;
}

export interface PortalClientOptions {
  readonly fetch: ProviderFetch;
  /** Whether a provider may be spoken to over plain HTTP, where the fetch allows it. */
  readonly loopbackAllowed: boolean;
  readonly signingKey: () => Promise<{ readonly id: string; readonly key: CryptoKey }>;
  readonly now: () => number;
}

const descriptionsMax = 200;

/**
 * Speaks to providers of logins: OpenID Connect with a code, PKCE, state and nonce, each request for
 * tokens signed with our key. Of what comes back the subject is kept, and nothing else asked for.
 *
 * The ID token's signature is checked although TLS brought it, so that an algorithm or a key that is
 * not the provider's is refused.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 * @see RFC 7636, RFC 7523, RFC 9207, RFC 9700
 */
export function createPortalClient(options: PortalClientOptions): PortalClient {
  const { now, signingKey } = options;
  const described = new Map<string, { untilMs: number; provider: Promise<openid.Configuration> }>();

  /** What a provider says of itself, remembered for a while unless it said nothing. */
  function providerOf(portal: Portal): Promise<openid.Configuration> {
    const name = `${portal.issuer}\n${portal.clientId}`;
    const known = described.get(name);
    if (known && known.untilMs > now()) return known.provider;
    const provider = describeProvider(options, portal);
    described.delete(name);
    described.set(name, { provider, untilMs: now() + limits.portalDescriptionMs });
    provider.catch(() => described.delete(name));
    const [oldest] = described.size > descriptionsMax ? described.keys() : [];
    if (oldest !== undefined) described.delete(oldest);
    return provider;
  }

  return {
    async begin({ portal, redirectUri, language }) {
      try {
        // Nobody is sent away who could not be let in afterwards.
        const [provider] = await Promise.all([providerOf(portal), signingKey()]);
        const login = {
          state: openid.randomState(),
          nonce: openid.randomNonce(),
          verifier: openid.randomPKCECodeVerifier(),
          begunAtMs: now(),
        };
        const url = openid.buildAuthorizationUrl(provider, {
          redirect_uri: redirectUri,
          scope: 'openid',
          state: login.state,
          nonce: login.nonce,
          code_challenge: await openid.calculatePKCECodeChallenge(login.verifier),
          code_challenge_method: 'S256',
          max_age: String(portal.maxAgeMinutes * 60),
          ui_locales: language,
          ...(portal.acrValues.length > 0 && { acr_values: portal.acrValues.join(' ') }),
        });
        return { url: url.href, login };
      } catch (error) {
        return { fault: 'unavailable', code: codeOf(error) };
      }
    },

    async finish({ portal, login, callbackUrl }) {
      try {
        const provider = await providerOf(portal);
        // As old as it may have been when the login was begun here.
        const maxAge = portal.maxAgeMinutes * 60 + Math.ceil((now() - login.begunAtMs) / 1000);
        const tokens = await openid.authorizationCodeGrant(provider, callbackUrl, {
          expectedState: login.state,
          expectedNonce: login.nonce,
          pkceCodeVerifier: login.verifier,
          idTokenExpected: true,
          maxAge,
        });
        const claims = tokens.claims();
        if (!claims) return { fault: 'refused', code: 'no_id_token' };
        const { acr } = claims;
        const isEnough =
          portal.acrValues.length === 0 ||
          (typeof acr === 'string' && portal.acrValues.includes(acr));
        if (!isEnough) return { fault: 'refused', code: 'acr_too_low' };
        return { subject: new Secret(claims.sub) };
      } catch (error) {
        return faultOf(error);
      }
    },
  };
}

async function describeProvider(
  { fetch, loopbackAllowed, signingKey }: PortalClientOptions,
  { issuer, clientId }: Portal,
): Promise<openid.Configuration> {
  // The key of that moment: what is remembered of a provider holds none.
  const signed: openid.ClientAuth = async (...asked) => {
    const { id: kid, key } = await signingKey();
    await openid.PrivateKeyJwt({ key, kid })(...asked);
  };
  const isPlain = issuer.startsWith('http:');
  if (isPlain && !loopbackAllowed) throw new TypeError('a provider without TLS');
  return openid.discovery(
    new URL(issuer),
    clientId,
    { token_endpoint_auth_method: 'private_key_jwt' },
    signed,
    {
      [openid.customFetch]: fetch,
      timeout: limits.portalTimeoutMs / 1000,
      execute: [
        openid.enableNonRepudiationChecks,
        ...(isPlain ? [openid.allowInsecureRequests] : []),
      ],
    },
  );
}

/** What a person did, or has to do, at the provider: not an error of anybody's. */
const wills = new Set([
  'access_denied',
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);
/** The provider cannot, or does not know us. */
const failures = new Set([
  'server_error',
  'temporarily_unavailable',
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'unsupported_response_type',
]);

function faultOf(error: unknown): PortalFault {
  if (
    error instanceof openid.AuthorizationResponseError ||
    error instanceof openid.ResponseBodyError
  ) {
    const { error: name } = error;
    if (wills.has(name)) return { fault: 'cancelled', code: name };
    if (failures.has(name)) return { fault: 'unavailable', code: name };
    return { fault: 'refused', code: name === 'invalid_grant' ? name : 'provider_error' };
  }
  const code = codeOf(error);
  return { fault: isOfTheWay(error, code) ? 'unavailable' : 'refused', code };
}

/** Whether no answer came, or one of a server that is broken. */
function isOfTheWay(error: unknown, code: string): boolean {
  const { cause } = error as { cause?: unknown };
  if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM')
    return cause instanceof Response && cause.status >= 500;
  return code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT' || !code.startsWith('OAUTH_');
}

/** Of the library, of Node or of our own fetch; their texts may quote what came. */
function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const found = typeof code === 'string' ? code : cause?.code;
  return typeof found === 'string' && /^[A-Za-z_]{1,60}$/.test(found) ? found : 'unknown';
}
