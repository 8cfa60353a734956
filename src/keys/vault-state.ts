import { z } from 'zod';
import { rightProblems } from './check-vault.ts';
import type { KeyRole } from './key-places.ts';
import type { VaultAddress } from './vault-address.ts';
import { VaultAway, type VaultClient } from './vault-client.ts';

/** How a token stands with Vault. */
export interface VaultState {
  /** Why nothing can be had there, in our own words; undefined while it answers. */
  readonly problem?: string;
  /** Seconds until the token ends; undefined for never, or where it may not ask. */
  readonly endsInS?: number | undefined;
  /** Names of its policies, without `default`; undefined where it may not ask. */
  readonly policies?: readonly string[] | undefined;
}

const lookup = z.object({
  data: z.object({
    ttl: z.int(),
    policies: z.array(z.string()),
    identity_policies: z.array(z.string()).nullish(),
  }),
});

/** Asks Vault for what it says of our token. A name that is no plain word is not repeated. */
export async function readVaultState(client: VaultClient): Promise<VaultState> {
  try {
    const { body } = await client.ask('GET', 'auth/token/lookup-self');
    const { data } = lookup.safeParse(body).data ?? {};
    if (!data) return { problem: 'what answers is not Vault' };
    const names = new Set([...data.policies, ...(data.identity_policies ?? [])]);
    names.delete('default');
    return {
      endsInS: data.ttl > 0 ? data.ttl : undefined,
      policies: Array.from(names, (name) => (/^[\w.-]{1,64}$/.test(name) ? name : '?')),
    };
  } catch (error) {
    if (error instanceof VaultAway) return error.refuses ? {} : { problem: error.message };
    throw error;
  }
}

/** A line for `/readyz`: Vault away stops nothing for half a day, so that it does not make a role unready. */
export interface VaultLine {
  readonly ok: boolean;
  readonly isNeeded: false;
  readonly endsInS?: number | undefined;
  readonly reason?: 'away' | 'token';
}

/** Whether Vault answers, for how long its token lives, and whether that may do what its role does. */
export async function vaultLine(
  deps: { readonly client: VaultClient; readonly address: VaultAddress },
  role: KeyRole,
): Promise<VaultLine> {
  const { problem, endsInS } = await readVaultState(deps.client);
  if (problem !== undefined) return { ok: false, isNeeded: false, reason: 'away' };
  const isWrong = (await rightProblems(deps, role)).length > 0;
  return { ok: !isWrong, isNeeded: false, endsInS, ...(isWrong ? { reason: 'token' } : {}) };
}
