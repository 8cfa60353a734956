import type { Secret } from '../domain/secret.ts';
import { findOpsUserByLogin } from '../store/ops-users.ts';
import type { OpsLoginSecrets, OpsProvider } from '../transport/ops-openid.ts';
import { beginSession, recordRefusal, type SignInDeps } from './sign-in.ts';

export type ElsewhereResult =
  | { readonly kind: 'signed-in'; readonly token: Secret<string> }
  /** The provider did not say who it is, or not as is asked for. */
  | { readonly kind: 'refused' }
  /** It did, and nobody here is that. */
  | { readonly kind: 'unregistered' };

/**
 * Ends a login through the provider: whoever is registered here by its issuer and subject is signed in, with
 * the role that they have here. Whoever is refused is a line in the audit, which does not say who it was.
 */
export async function signInElsewhere(
  deps: Pick<SignInDeps, 'database' | 'refusals'> & { provider: OpsProvider },
  { secrets, returned }: { secrets: OpsLoginSecrets; returned: URLSearchParams },
): Promise<ElsewhereResult> {
  const { database, provider } = deps;
  const end = await provider.finish(secrets, returned);
  if ('fault' in end) {
    await recordRefusal(deps, { code: `provider: ${end.fault}` });
    return { kind: 'refused' };
  }
  const found = await database.transaction([], (connection) => findOpsUserByLogin(connection, end));
  const user = found?.disabledAt === null ? found : undefined;
  const token = user && (await beginSession(database, user, { login: end }));
  if (token) return { kind: 'signed-in', token };
  await recordRefusal(deps, { user: found, code: 'provider: unregistered' });
  return { kind: 'unregistered' };
}
