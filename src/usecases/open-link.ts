import type { AppointmentRequest } from '../domain/appointment.ts';
import type { Channel } from '../domain/channel.ts';
import { contactPointOf } from '../domain/contact-point.ts';
import { type Factor, type FactorRules, factorsFor } from '../domain/factor.ts';
import { type Language, languageFor, languages } from '../domain/language.ts';
import { factorRulesOf } from '../domain/organisation.ts';
import type { Portal } from '../domain/portal.ts';
import { Secret } from '../domain/secret.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { linkLookup } from '../keys/link-secret.ts';
import { openDetails } from '../keys/open-details.ts';
import type { PasskeyOwner } from '../keys/passkey-box.ts';
import { SealError } from '../keys/seal-error.ts';
import type { Database } from '../store/database.ts';
import { readPatientLink, type StoredPatientLink } from '../store/patient-links.ts';
import type { Log } from '../telemetry/log.ts';

export interface OpenLinkDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly keys: Pick<KeyStore, 'viewPrivateKey'>;
  /** Whether this deployment can send codes by SMS; unless it says so, none is offered. */
  readonly sendsCodes?: boolean;
  /** Whether a person has a passkey; unless it says so, nobody has one. */
  readonly hasPasskey?: (owner: PasskeyOwner) => Promise<boolean>;
  /** The portal that serves the patients of all organisations, if one does. */
  readonly portalForAll?: Portal | undefined;
  readonly log: Log;
}

/** A link that works, opened with the secret that it brought. Nothing of it has been proved. */
export interface OpenedLink {
  readonly stored: Omit<StoredPatientLink, 'note' | 'content' | 'sealedContentKey'>;
  /** What the booking system sent, factors included. */
  readonly request: Secret<AppointmentRequest>;
  /** What the patient can prove with, the strongest first. */
  readonly factors: readonly Factor[];
  readonly factorRules: FactorRules;
  /** Whose passkeys open it, and who may make some. */
  readonly passkeyOwner?: PasskeyOwner | undefined;
  /** Where they may log in, and who they are there; present where that is one of the factors. */
  readonly portal?: { readonly portal: Portal; readonly subject: Secret<string> } | undefined;
  readonly language: Language;
  /** Where the link went: one of the recipient's contact points. */
  readonly sentTo: { readonly channel: Channel; readonly contactPoint: Secret<string> };
}

/**
 * Opens a link: finds its row, opens the current version, and checks that the contact point that
 * the link went to is still in it, so that an old number's link shows nothing new.
 *
 * It changes nothing, however often it runs, and holds no connection while it opens seals.
 *
 * @returns undefined for a link that is unknown, expired, revoked, erased, or not for this patient
 *   any more; callers answer all of them alike
 */
export async function openLink(
  { database, keys, sendsCodes = false, portalForAll, hasPasskey, log }: OpenLinkDeps,
  linkSecret: Secret<Buffer>,
): Promise<OpenedLink | undefined> {
  const row = await readPatientLink(database, linkLookup(linkSecret));
  if (!row) return undefined;
  const viewPrivateKey = await keys.viewPrivateKey(row.organisationId, row.viewMonth);
  if (!viewPrivateKey) {
    log.warn('a link leads to a version whose view key is gone', {
      appointmentId: row.appointmentId,
    });
    return undefined;
  }
  const opened = unseal({ row, linkSecret, viewPrivateKey, log });
  if (!opened) return undefined;
  const { recipient } = opened.request.reveal();
  if (contactPointOf(recipient, opened.channel) !== opened.contactPoint.reveal()) return undefined;

  const { note: _note, content: _content, sealedContentKey: _key, ...stored } = row;
  const fallback = languageFor(row.defaultLanguage, languages[0]);
  const subject = row.isSubjectOfPortal ? recipient.subject : undefined;
  const factorRules = factorRulesOf(row, { isPortalForAll: portalForAll !== undefined });
  const portal = portalForAll ?? row.portal;
  const { organisationId, mode } = row;
  const passkeyOwner = subject !== undefined && {
    ...{ organisationId, mode, issuer: portal?.issuer ?? '' },
    subject: new Secret(subject),
  };
  const factors = factorsFor({ ...recipient, subject }, opened.channel, {
    ...factorRules,
    hasPasskey: passkeyOwner ? await hasPasskey?.(passkeyOwner) : false,
  }).filter((factor) => factor !== 'code' || sendsCodes);
  return {
    stored,
    request: opened.request,
    factors,
    factorRules,
    ...(passkeyOwner && { passkeyOwner }),
    ...(portal &&
      subject !== undefined &&
      factors.includes('portal') && { portal: { portal, subject: new Secret(subject) } }),
    language: languageFor(recipient.language, fallback),
    sentTo: { channel: opened.channel, contactPoint: opened.contactPoint },
  };
}

function unseal({
  row,
  linkSecret,
  viewPrivateKey,
  log,
}: {
  row: StoredPatientLink;
  linkSecret: Secret<Buffer>;
  viewPrivateKey: Secret<Buffer>;
  log: Log;
}):
  | { request: Secret<AppointmentRequest>; channel: Channel; contactPoint: Secret<string> }
  | undefined {
  const { organisationId, appointmentId, reminderId, version, linkId } = row;
  try {
    const { body, note } = openDetails({
      linkSecret,
      viewPrivateKey,
      binding: { organisationId, appointmentId, version },
      linkId,
      sealedContentKey: row.sealedContentKey,
      sealedContent: row.content,
      note: row.note,
      noteBinding: { organisationId, appointmentId, reminderId },
    });
    // The binding proves what this was sealed for, not by whom: its shape is what the API checked, or what
    // somebody made up who can write to the database. Pages escape either.
    return { request: body as unknown as Secret<AppointmentRequest>, ...note };
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    log.error('a sealed record does not open', { appointmentId, code: error.code });
    return undefined;
  }
}
