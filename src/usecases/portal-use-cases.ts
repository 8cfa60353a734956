import { AppError } from '../domain/errors.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { portalKey } from '../keys/portal-key.ts';
import type { Log } from '../telemetry/log.ts';
import { createPortalClient } from '../transport/portal-client.ts';
import type { ProviderFetch } from '../transport/provider-fetch.ts';
import { beginPortalLogin, finishPortalLogin } from './portal-login.ts';

export interface PortalDeps {
  readonly keys: Pick<KeyStore, 'symmetricKeys'>;
  readonly fetch: ProviderFetch;
  /** Whether a provider may be spoken to over plain HTTP, where the fetch allows it. */
  readonly loopbackAllowed: boolean;
  /** Origin of the pages. */
  readonly patientUrl: string;
  /** Where providers send people back to; an organisation's own adds its id. */
  readonly returnPath: string;
  readonly now: () => number;
  readonly log: Log;
}

/** What the patient pages do with portals. */
export function portalUseCases({ keys, fetch, loopbackAllowed, now, ...deps }: PortalDeps) {
  const portalKeys = async () => Promise.all((await keys.symmetricKeys('portal')).map(portalKey));
  const signingKey = async () => {
    const newest = (await portalKeys()).at(-1);
    if (!newest) throw new AppError('key_missing');
    return newest;
  };
  const portals = createPortalClient({ fetch, loopbackAllowed, signingKey, now });
  return {
    begin: (input: Parameters<typeof beginPortalLogin>[1]) =>
      beginPortalLogin({ portals, ...deps }, input),
    finish: (input: Parameters<typeof finishPortalLogin>[1]) =>
      finishPortalLogin({ portals, ...deps }, input),
    publicKeys: async () => (await portalKeys()).map(({ publicKey }) => publicKey),
  };
}
