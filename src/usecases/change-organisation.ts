import { limits } from '../../config/limits.ts';
import type { Channel } from '../domain/channel.ts';
import { checkSettings, settingNames, type WantedSettings } from '../domain/check-settings.ts';
import { AppError, type FieldErrorCode } from '../domain/errors.ts';
import type { Organisation } from '../domain/organisation.ts';
import { ceilingNames } from '../domain/quota.ts';
import type { Journal, Limits } from '../journal/journal.ts';
import { insertAudit } from '../store/audit.ts';
import type { AnyConnection, Database } from '../store/database.ts';
import { lockOrganisation, updateOrganisation } from '../store/organisations.ts';
import type { Log } from '../telemetry/log.ts';
import { readWebhookTarget } from '../transport/webhook-target.ts';
import { beginChange } from './begin-change.ts';
import { isPhoneCountry } from './check-contact-points.ts';

export interface ChangeOrganisationDeps {
  /** Runs in one transaction that sees the organisation. */
  transaction<T>(work: (connection: AnyConnection) => Promise<T>): Promise<T>;
  readonly journal: Pick<Journal, 'append'>;
  /** What the deployment can send on. */
  readonly channelsAvailable: readonly Channel[];
  readonly portals: PortalRules;
}

/** What a deployment allows of portals. */
export interface PortalRules {
  /** Whether a provider may stand on this machine, over plain HTTP: to try things out. */
  readonly loopbackAllowed: boolean;
  readonly isPortalForAll: boolean;
}

export interface ChangeOrganisationInput {
  readonly organisationId: string;
  /** Who changes it, as the audit names them. */
  readonly actor: string;
  readonly isAdministrator: boolean;
  readonly wanted: WantedSettings;
  readonly reason?: string | undefined;
}

/**
 * Changes the settings that are named and differ, with a line in the audit for each: its name, its
 * new value, who and why. All of it or, where one line cannot be written, nothing.
 *
 * What was accepted before keeps its plan; the rest holds from the next request on. What limits anything is
 * in the journal before it is committed: a restored backup must not loosen it.
 *
 * @returns how it stands then, the settings that were changed, and whether the journal has all of it; if not,
 *   a restore brings back what was stricter before
 * @throws {AppError} `invalid_request` with every fault, `not_found`
 */
export async function changeOrganisation(
  { transaction, journal, channelsAvailable, portals }: ChangeOrganisationDeps,
  { organisationId, actor, isAdministrator, wanted, reason }: ChangeOrganisationInput,
): Promise<{ organisation: Organisation; changed: readonly string[]; isJournaled: boolean }> {
  const change = beginChange(journal);
  const done = await transaction(async (connection) => {
    const organisation = await lockOrganisation(connection, organisationId);
    if (!organisation) throw new AppError('not_found');
    const checked = checkSettings(wanted, {
      organisation,
      reason,
      isAdministrator,
      channelsAvailable,
      planEntriesMax: limits.remindersPerAppointmentMax,
      issuerFault: (issuer) => issuerFault(issuer, portals),
      isPortalForAll: portals.isPortalForAll,
      isCountry: isPhoneCountry,
    });
    if (!checked.ok) throw new AppError('invalid_request', { fields: checked.errors });
    const { changes } = checked;
    const changed = settingNames.filter((name) => name in changes);
    if (changed.length === 0) return { organisation, changed };
    await updateOrganisation(connection, { id: organisationId, changes });
    const changedTo = { ...organisation, ...changes };
    if (limitNames.some((name) => name in changes)) {
      const kept = limitsOf(changedTo);
      await change.append({ kind: 'organisation_limits', organisationId, ...kept });
    }
    for (const name of changed) {
      await insertAudit(connection, {
        actor,
        action: 'organisation.set',
        organisationId,
        subject: `${name}=${JSON.stringify(changes[name])}`,
        reason,
      });
    }
    return { organisation: changedTo, changed };
  });
  return { ...done, ...(await change.done()) };
}

const limitNames = [
  ...(['proofPolicy', 'birthDateOpens', 'requestsPerMinute', 'countries'] as const),
  ...ceilingNames,
] satisfies readonly (keyof Limits)[];

function limitsOf(organisation: Organisation): Limits {
  const named = limitNames.map((name) => [name, organisation[name]]);
  return Object.fromEntries(named) as Limits;
}

/** Says at once what would be refused at each login. */
function issuerFault(
  issuer: string,
  { loopbackAllowed }: Pick<PortalRules, 'loopbackAllowed'>,
): FieldErrorCode | undefined {
  const target = readWebhookTarget(issuer, { loopbackAllowed });
  if (typeof target === 'string') return target;
  return issuer.includes('?') ? 'invalid_url' : undefined;
}

/** The same, by a credential of the organisation, or of a platform that may act for it. */
export async function changeOwnOrganisation(
  {
    database,
    log,
    ...deps
  }: Omit<ChangeOrganisationDeps, 'transaction'> & { database: Database; log: Pick<Log, 'warn'> },
  {
    credentialId,
    ...input
  }: Pick<ChangeOrganisationInput, 'organisationId' | 'wanted' | 'reason'> & {
    credentialId: string;
  },
): Promise<Organisation> {
  const { organisation, isJournaled } = await changeOrganisation(
    {
      transaction: (work) => database.transaction([input.organisationId], work),
      ...deps,
    },
    { ...input, actor: `credential ${credentialId}`, isAdministrator: false },
  );
  const { organisationId } = input;
  if (!isJournaled)
    log.warn('the journal was not told that settings are changed', { organisationId });
  return organisation;
}
