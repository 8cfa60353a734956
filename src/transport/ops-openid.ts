import * as openid from 'openid-client';
import { Secret } from '../domain/secret.ts';

/** What the end of a login must fit: made anew for each, and known to the browser that began it alone. */
export interface OpsLoginSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export type OpsLoginEnd =
  | { readonly issuer: string; readonly subject: Secret<string> }
  /** One of ours, of RFC 6749 or of the library's: never a text from outside. */
  | { readonly fault: string };

/** The provider of logins that operators sign in through. */
export interface OpsProvider {
  /** Where to send the browser; undefined when the provider does not answer. */
  begin(secrets: OpsLoginSecrets): Promise<string | undefined>;
  /** @param returned the query that the browser came back with */
  finish(secrets: OpsLoginSecrets, returned: URLSearchParams): Promise<OpsLoginEnd>;
}

export interface OpsProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret<string> | undefined;
  readonly redirectUri: string;
  /** Of which one must have been fulfilled; none: whatever the provider asks for will do. */
  readonly acr: readonly string[];
  /** Of which one must have been used. */
  readonly amr: readonly string[];
  /** How long ago somebody may have proved who they are; absent: as the provider sees fit. */
  readonly loginAgeS: number | undefined;
}

const timeoutS = 10;

/**
 * Signs operators in by OpenID Connect: a code, PKCE, state and nonce. Who comes back is known by issuer and
 * subject; roles, names and addresses that the provider tells are not looked at.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 * @see RFC 7636, RFC 9207, RFC 9700
 */
export function createOpsProvider(settings: OpsProviderSettings): OpsProvider {
  const { redirectUri, acr, amr, loginAgeS } = settings;
  let described: Promise<openid.Configuration> | undefined;

  function describe(): Promise<openid.Configuration> {
    described ??= discover(settings).catch((error: unknown) => {
      described = undefined;
      throw error;
    });
    return described;
  }

  return {
    async begin({ state, nonce, verifier }) {
      const provider = await describe().catch(() => undefined);
      if (!provider) return undefined;
      return openid.buildAuthorizationUrl(provider, {
        ...{ redirect_uri: redirectUri, scope: 'openid', state, nonce },
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(acr.length > 0 && { acr_values: acr.join(' ') }),
        ...(loginAgeS !== undefined && { max_age: String(loginAgeS) }),
      }).href;
    },

    async finish({ state, nonce, verifier }, returned) {
      try {
        const url = new URL(redirectUri);
        url.search = returned.toString();
        const tokens = await openid.authorizationCodeGrant(await describe(), url, {
          ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier },
          idTokenExpected: true,
          ...(loginAgeS !== undefined && { maxAge: loginAgeS }),
        });
        const claims = tokens.claims();
        if (!claims) return { fault: 'no_id_token' };
        if (acr.length > 0 && !acr.includes(String(claims.acr))) return { fault: 'acr_too_low' };
        const used = Array.isArray(claims.amr) ? claims.amr : [];
        if (amr.length > 0 && !amr.some((one) => used.includes(one)))
          return { fault: 'amr_missing' };
        return { issuer: claims.iss, subject: new Secret(claims.sub) };
      } catch (error) {
        return { fault: faultOf(error) };
      }
    },
  };
}

function discover({ issuer, clientId, clientSecret }: OpsProviderSettings) {
  const authentication = clientSecret
    ? openid.ClientSecretBasic(clientSecret.reveal())
    : openid.None();
  return openid.discovery(new URL(issuer), clientId, undefined, authentication, {
    timeout: timeoutS,
    execute: [
      openid.enableNonRepudiationChecks,
      // The configuration lets that happen on this machine alone.
      ...(issuer.startsWith('http:') ? [openid.allowInsecureRequests] : []),
    ],
  });
}

const answers = new Set(['access_denied', 'login_required', 'invalid_grant', 'server_error']);

/** Texts of errors may quote what came. */
function faultOf(error: unknown): string {
  const { code, error: answer } = error as { code?: unknown; error?: unknown };
  if (typeof answer === 'string') return answers.has(answer) ? answer : 'provider_error';
  return typeof code === 'string' && /^[A-Z_]{1,60}$/.test(code) ? code.toLowerCase() : 'unknown';
}
