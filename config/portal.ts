import type { Portal } from '../src/domain/portal.ts';
import { type Config, ConfigError } from './env.ts';

/**
 * The portal that serves the patients of all organisations, if there is one.
 *
 * @throws {ConfigError} for one that lacks our name there
 */
export function portalForAll(
  config: Pick<
    Config,
    'PORTAL_ISSUER' | 'PORTAL_CLIENT_ID' | 'PORTAL_ACR' | 'PORTAL_MAX_AGE_MINUTES'
  >,
): Portal | undefined {
  const { PORTAL_ISSUER: issuer, PORTAL_CLIENT_ID: clientId } = config;
  if (issuer === undefined) return undefined;
  if (clientId === undefined)
    throw new ConfigError(['PORTAL_CLIENT_ID: required by PORTAL_ISSUER']);
  return {
    issuer,
    clientId,
    acrValues: config.PORTAL_ACR?.split(' ') ?? [],
    maxAgeMinutes: config.PORTAL_MAX_AGE_MINUTES,
  };
}
