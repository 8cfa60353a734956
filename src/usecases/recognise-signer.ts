import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import { checkRequestClaims, clockSkewS } from '../domain/request-claims.ts';
import { readSigner, tokenHash, verifyRequestToken } from '../keys/request-token.ts';
import { type SpentToken, spendTokens, tokenText } from '../store/credential-tokens.ts';
import type { SigningCredential } from '../store/credentials.ts';
import type { Database } from '../store/database.ts';
import { createGroupCommit } from './group-commit.ts';

export interface RecogniseSignerDeps {
  findSigningCredential(id: string): Promise<SigningCredential | undefined>;
  /** @returns whether it is the first time */
  spendToken(token: SpentToken): Promise<boolean>;
  /** What requests must be signed for. */
  readonly audience: string;
  now(): Date;
}

/** The request that a signature is held against. */
export interface CarryingRequest {
  readonly method: string;
  readonly path: string;
  readonly organisation: string | undefined;
  /** Whether the credential may be used from where it came; asked before anything is told. */
  readonly comesFrom: (networks: readonly string[] | null) => boolean;
}

/**
 * Recognises whoever signed a request with a registered key.
 *
 * Only who holds the key learns what is wrong with a request of theirs.
 *
 * @throws {AppError} `unauthenticated` for a signature that is not of a usable credential's key, or
 *   comes from elsewhere; `token_refused` with the claims at fault; `token_replayed`
 */
export async function recogniseSigner(
  deps: RecogniseSignerDeps,
  token: string,
  request: CarryingRequest,
): Promise<{ credential: SigningCredential; bodyDigest: string | undefined }> {
  const signer = readSigner(token);
  const credential = signer && (await deps.findSigningCredential(signer.credentialId));
  const key = credential?.keys.find(({ thumbprint }) => thumbprint === signer?.thumbprint);
  const signed = key && (await verifyRequestToken(token, key));
  if (!signed || !credential?.usable || !request.comesFrom(credential.networks)) {
    throw new AppError('unauthenticated');
  }
  const checked = checkRequestClaims(signed, {
    ...request,
    audience: deps.audience,
    nowS: deps.now().getTime() / 1_000,
  });
  if (!checked.ok) throw new AppError('token_refused', { fields: checked.errors });
  const { tokenId, expiresAtS, bodyDigest } = checked.claims;
  const isFirst = await deps.spendToken({
    credentialId: credential.id,
    organisationId: credential.organisationId,
    hash: tokenHash(tokenId),
    expiresAt: new Date((expiresAtS + clockSkewS) * 1_000),
  });
  if (!isFirst) throw new AppError('token_replayed');
  return { credential, bodyDigest };
}

/** Tokens that come together are remembered in one commit; the same one twice never is. */
export function createTokenSpender(
  database: Pick<Database, 'transaction'>,
): RecogniseSignerDeps['spendToken'] {
  return createGroupCommit<SpentToken, boolean>({
    keyOf: tokenText,
    sizeMax: limits.acceptBatchMax,
    waitingMax: limits.acceptWaitingMax,
    overflow: () => new AppError('unavailable', { retryAfterS: 2 }),
    commit: async (tokens) =>
      (await spendTokens(database, tokens)).map((value) => ({ ok: true, value })),
    isHopeless: (error) => error instanceof AppError && error.code === 'unavailable',
  });
}
