import type { Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import type { Scope } from '../domain/scope.ts';
import { parseApiKey } from '../keys/api-key.ts';
import type { StoredCredential } from '../store/credentials.ts';

/** Who asks, for which organisation, and what they may do. */
export interface Caller {
  readonly credentialId: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly scopes: readonly Scope[];
  /** Absent: no ceiling. */
  readonly requestsPerMinute: number | undefined;
}

export interface AuthenticateDeps {
  findCredential(hash: Buffer): Promise<StoredCredential | undefined>;
  findPlatformOrganisation(input: {
    credentialId: string;
    organisationId: string;
  }): Promise<{ requestsPerMinute: number | null } | undefined>;
}

const bearer = /^Bearer +([A-Za-z0-9_]+)$/i;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Recognises the caller by the API key in `Authorization` and, for a platform, the organisation
 * named in `Sotto-Organisation`; without that header the credential's own is meant.
 *
 * @throws {AppError} `unauthenticated` for a key that is missing, unknown, expired or revoked, all
 *   alike; `forbidden` for an organisation that is not this credential's, whether it exists or not
 */
export async function authenticate(
  deps: AuthenticateDeps,
  headers: { authorization?: string | undefined; organisation?: string | undefined },
): Promise<Caller> {
  const key = parseApiKey(bearer.exec(headers.authorization ?? '')?.[1] ?? '');
  if (!key) throw new AppError('unauthenticated');
  const credential = await deps.findCredential(key.hash);
  if (!credential?.usable || credential.mode !== key.mode) throw new AppError('unauthenticated');

  const organisation = await actsFor(deps, credential, headers.organisation?.toLowerCase());
  return {
    credentialId: credential.id,
    organisationId: organisation.id,
    mode: credential.mode,
    scopes: credential.scopes,
    requestsPerMinute: organisation.requestsPerMinute ?? undefined,
  };
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
