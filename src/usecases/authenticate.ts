import type { Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import type { Quotas } from '../domain/quota.ts';
import type { Scope } from '../domain/scope.ts';
import { parseApiKey } from '../keys/api-key.ts';
import { digestOfBody } from '../keys/request-token.ts';
import type { StoredCredential } from '../store/credentials.ts';
import { type RecogniseSignerDeps, recogniseSigner } from './recognise-signer.ts';
import { isWithin } from './within-networks.ts';

/** Who asks, for which organisation, and what they may do. */
export interface Caller {
  readonly credentialId: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly scopes: readonly Scope[];
  /** Absent: no ceiling. */
  readonly requestsPerMinute: number | undefined;
  readonly quotas: Quotas;
  /** Of a signed request: whether it was signed for this body, or for none. */
  readonly isSignedFor: ((body: Uint8Array | undefined) => boolean) | undefined;
}

/** A request as far as it is looked at before its body. */
export interface ArrivingRequest {
  readonly authorization: string | undefined;
  readonly organisation: string | undefined;
  readonly method: string;
  readonly path: string;
  /** Who sent it, as far as trusted proxies tell. */
  readonly address: string;
}

export interface AuthenticateDeps extends RecogniseSignerDeps {
  findCredential(hash: Buffer): Promise<StoredCredential | undefined>;
  noteUse(credential: StoredCredential): Promise<void>;
  findPlatformOrganisation(input: {
    credentialId: string;
    organisationId: string;
  }): Promise<{ requestsPerMinute: number | null } | undefined>;
}

const bearer = /^Bearer +([A-Za-z0-9._-]+)$/i;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Recognises the caller by the API key or the signature in `Authorization` and, for a platform, the
 * organisation named in `Sotto-Organisation`; without that header the credential's own is meant.
 *
 * @throws {AppError} `unauthenticated` for a credential that is missing, unknown, expired, revoked or
 *   used from elsewhere, all alike; `token_refused` and `token_replayed` for what was signed with a good
 *   key; `forbidden` for an organisation that is not this credential's, whether it exists or not
 */
export async function authenticate(
  deps: AuthenticateDeps,
  request: ArrivingRequest,
): Promise<Caller> {
  const { credential, isSignedFor } = await recognise(deps, request);
  const organisation = await actsFor(deps, credential, request.organisation?.toLowerCase());
  return {
    credentialId: credential.id,
    organisationId: organisation.id,
    mode: credential.mode,
    scopes: credential.scopes,
    requestsPerMinute: organisation.requestsPerMinute ?? undefined,
    quotas: credential.quotas,
    isSignedFor,
  };
}

async function recognise(
  deps: AuthenticateDeps,
  request: ArrivingRequest,
): Promise<{ credential: StoredCredential; isSignedFor: Caller['isSignedFor'] }> {
  const token = bearer.exec(request.authorization ?? '')?.[1] ?? '';
  const comesFrom = (networks: readonly string[] | null) =>
    networks === null || isWithin(request.address, networks);
  if (token.includes('.')) {
    const signed = await recogniseSigner(deps, token, { ...request, comesFrom });
    return {
      credential: signed.credential,
      isSignedFor: (body) => (body && digestOfBody(body)) === signed.bodyDigest,
    };
  }
  const key = parseApiKey(token);
  const credential = key && (await deps.findCredential(key.hash));
  if (!credential?.usable || credential.mode !== key?.mode || !comesFrom(credential.networks)) {
    throw new AppError('unauthenticated');
  }
  if (credential.isUseUnnoted) await deps.noteUse(credential);
  return { credential, isSignedFor: undefined };
}

async function actsFor(
  deps: AuthenticateDeps,
  credential: StoredCredential,
  named: string | undefined,
): Promise<{ id: string; requestsPerMinute: number | null }> {
  const own = { id: credential.organisationId, requestsPerMinute: credential.requestsPerMinute };
  if (named === undefined || named === own.id) return own;
  if (!credential.platform || !uuid.test(named)) throw new AppError('forbidden');
  const found = await deps.findPlatformOrganisation({
    credentialId: credential.id,
    organisationId: named,
  });
  if (!found) throw new AppError('forbidden');
  return { id: named, ...found };
}
