import { createHash, timingSafeEqual } from 'node:crypto';
import type { Language } from '../domain/language.ts';
import type { Secret } from '../domain/secret.ts';
import { type Tier, tierOf } from '../domain/tiers.ts';
import type { Log } from '../telemetry/log.ts';
import type { PortalClient, PortalFault, PortalLogin } from '../transport/portal-client.ts';
import type { OpenedLink } from './open-link.ts';

export interface PortalLoginDeps {
  readonly portals: PortalClient;
  /** Origin of the pages. */
  readonly patientUrl: string;
  /** Where providers send people back to; an organisation's own adds its id. */
  readonly returnPath: string;
  readonly log: Log;
}

/** A login that was begun, and with whom. */
export interface BegunLogin extends PortalLogin {
  readonly issuer: string;
  readonly clientId: string;
  readonly returnPath: string;
}

export type PortalProblem = PortalFault['fault'];

/**
 * Leads somebody to the portal that knows the recipient.
 *
 * Each organisation has a return address of its own, so that what one provider gives is never taken
 * to another (RFC 9700, 2.1). A portal that serves all has one for all: it tells none apart.
 */
export async function beginPortalLogin(
  deps: PortalLoginDeps,
  { link, language }: { link: OpenedLink; language: Language },
): Promise<
  { readonly url: string; readonly login: BegunLogin } | { readonly problem: PortalProblem }
> {
  const { portal } = link.portal ?? {};
  if (!portal) return { problem: 'refused' };
  const returnPath = returnPathOf(deps, link);
  const redirectUri = `${deps.patientUrl}${returnPath}`;
  const begun = await deps.portals.begin({ portal, redirectUri, language });
  if ('fault' in begun) return { problem: told(deps, link, begun) };
  const { issuer, clientId } = portal;
  return { url: begun.url, login: { ...begun.login, issuer, clientId, returnPath } };
}

/**
 * Whether who came back from the portal is the recipient: by issuer and subject, and by nothing else
 * that a provider may say.
 *
 * @param path where the browser came back to, with the query that it brought
 */
export async function finishPortalLogin(
  deps: PortalLoginDeps,
  {
    link,
    login,
    path,
    query,
  }: { link: OpenedLink; login: BegunLogin; path: string; query: string },
): Promise<{ readonly tier: Tier } | { readonly problem: PortalProblem }> {
  const { portal, subject } = link.portal ?? {};
  const isSame =
    portal?.issuer === login.issuer &&
    portal.clientId === login.clientId &&
    path === login.returnPath &&
    path === returnPathOf(deps, link);
  if (!portal || !subject || !isSame) return { problem: 'refused' };
  const callbackUrl = new URL(`${deps.patientUrl}${path}`);
  callbackUrl.search = query;
  const found = await deps.portals.finish({ portal, login, callbackUrl });
  if ('fault' in found) return { problem: told(deps, link, found) };
  if (!isEqual(subject, found.subject)) return { problem: 'refused' };
  return { tier: tierOf('portal', { ...link.stored }) };
}

function returnPathOf(
  { returnPath }: PortalLoginDeps,
  { factorRules, stored }: OpenedLink,
): string {
  return factorRules.portal === 'for_all' ? returnPath : `${returnPath}/${stored.organisationId}`;
}

function told({ log }: PortalLoginDeps, { stored }: OpenedLink, { fault, code }: PortalFault) {
  const { organisationId } = stored;
  if (fault === 'unavailable') log.warn('a portal could not be used', { organisationId, code });
  else log.info('a portal login was not taken', { organisationId, code });
  return fault;
}

function isEqual(one: Secret<string>, other: Secret<string>): boolean {
  const digest = (text: Secret<string>) => createHash('sha256').update(text.reveal()).digest();
  return timingSafeEqual(digest(one), digest(other));
}
