import type { Config } from '../../config/env.ts';
import { hasLiveTransport } from '../../config/transports.ts';
import { createProviderFetch, type ProviderFetch } from '../transport/provider-fetch.ts';
import { isPublicAddress } from '../transport/public-address.ts';
import { createNameResolver, type ResolveName } from '../transport/resolve-name.ts';

/** Puts together what asks portals: on the public internet, or on this machine where nothing real is sent. */
export function openPortalFetch(
  config: Pick<Config, 'SMS_TRANSPORT' | 'EMAIL_TRANSPORT'>,
  resolveName: ResolveName = createNameResolver(),
): ProviderFetch {
  return createProviderFetch({
    loopbackAllowed: !hasLiveTransport(config),
    resolveName,
    mayConnectTo: isPublicAddress,
  });
}
