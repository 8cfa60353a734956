import type { FieldError } from './errors.ts';

/** What a signed request says of itself: one request, for a short while, once. */
export interface RequestClaims {
  /** The credential. */
  readonly issuer: string;
  /** The signer's own id of it. */
  readonly tokenId: string;
  /** When it has to be forgotten at the earliest, in seconds since 1970. */
  readonly expiresAtS: number;
  /** SHA-256 of the body's bytes, in base64url; undefined where there is none. */
  readonly bodyDigest: string | undefined;
}

/** The request that carries them, and when it came. */
export interface SignedRequest {
  readonly audience: string;
  readonly method: string;
  /** As in the request line, with its query. */
  readonly path: string;
  /** `Sotto-Organisation`, if there is one. */
  readonly organisation: string | undefined;
  readonly nowS: number;
}

/** How long a signed request may be good for, at most. */
const tokenLifeMaxS = 300;
/** How far the signer's clock and ours may be apart. */
export const clockSkewS = 30;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const tokenIdShape = /^[A-Za-z0-9._~-]{16,128}$/;
const digestShape = /^[A-Za-z0-9_-]{43}$/;

/**
 * Checks the claims of a signed request whose signature is good.
 *
 * Everything that decides what the request does is in there: one that was read on its way can be
 * neither repeated nor turned into another.
 *
 * @returns every fault, with a pointer to its claim
 * @see RFC 7523, 3; RFC 8725, 3
 */
export function checkRequestClaims(
  claims: Readonly<Record<string, unknown>>,
  request: SignedRequest,
): { ok: true; claims: RequestClaims } | { ok: false; errors: readonly FieldError[] } {
  const { iss, jti, exp, iat, aud, method, path, organisation, body } = claims;
  const { nowS } = request;
  const isLife = isSeconds(exp) && isSeconds(iat) && exp > iat && exp - iat <= tokenLifeMaxS;
  const rules: Readonly<Record<string, boolean>> = {
    iss: typeof iss === 'string' && uuid.test(iss),
    // One address, so that what was signed for another service is not good here.
    aud: aud === request.audience,
    iat: isSeconds(iat) && iat <= nowS + clockSkewS,
    exp: isLife && exp > nowS - clockSkewS,
    jti: typeof jti === 'string' && tokenIdShape.test(jti),
    method: method === request.method,
    path: path === request.path,
    organisation: organisation === request.organisation,
    body: body === undefined || (typeof body === 'string' && digestShape.test(body)),
  };
  const errors = Object.keys(rules)
    .filter((claim) => !rules[claim])
    .map((claim) => fault(claim, claims[claim]));
  if (errors.length > 0) return { ok: false, errors };
  return {
    ok: true,
    claims: {
      issuer: iss as string,
      tokenId: jti as string,
      expiresAtS: exp as number,
      bodyDigest: body as string | undefined,
    },
  };
}

function fault(claim: string, value: unknown): FieldError {
  return { pointer: `/${claim}`, code: value === undefined ? 'required' : 'invalid_value' };
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
