import { Secret } from '../domain/secret.ts';
import { KeyStoreError } from '../keys/key-store-error.ts';
import { linkLookup } from '../keys/link-secret.ts';
import type { LinkTokens } from '../keys/link-token.ts';
import { openParcel } from '../keys/open-parcel.ts';
import { SealError } from '../keys/seal-error.ts';
import { assertNeutral, LeakGuardError } from '../message/leak-guard.ts';
import { renderMessage } from '../message/render-message.ts';
import type { QueuedReminder, SealedParcelLink } from '../store/dispatch.ts';

/** What a reminder opens to: where it goes and the text that goes there. */
export interface OpenedReminder {
  readonly reminder: QueuedReminder;
  readonly link: SealedParcelLink;
  readonly selector: string;
  readonly to: Secret<string>;
  readonly text: Secret<string>;
}

export type OpeningFailure = 'no_parcel' | 'no_key' | 'no_link_key' | 'cannot_open' | 'LEAK_GUARD';

export interface OpenReminderDeps {
  readonly linkTokens: Pick<LinkTokens, 'mint' | 'newestSelector'>;
  readonly linkHostUrl: string;
  readonly optOut: boolean;
}

/**
 * Opens a reminder's parcel, mints its link and renders its text.
 *
 * @param epochPrivateKey of the parcel's day; absent when that key is gone
 * @returns a failure for whatever is wrong with this one reminder; nothing it does ever throws, so
 *   that a bad row stops no other
 */
export function openReminder(
  deps: OpenReminderDeps,
  reminder: QueuedReminder,
  epochPrivateKey: Secret<Buffer> | undefined,
): { ok: true; opened: OpenedReminder } | { ok: false; reason: OpeningFailure } {
  const { link } = reminder;
  if (!link) return { ok: false, reason: 'no_parcel' };
  if (!epochPrivateKey) return { ok: false, reason: 'no_key' };
  try {
    const parcel = openParcel({ epochPrivateKey, binding: reminder, sealed: link.parcel });
    // Whoever can write to the database can seal to a public key; only the true secret leads to L.
    if (!linkLookup(parcel.linkSecret).equals(link.lookup)) throw new SealError('seal_mismatch');
    if (parcel.channel !== reminder.channel) throw new SealError('seal_mismatch');
    const selector = link.selector ?? deps.linkTokens.newestSelector;
    const token = deps.linkTokens.mint(parcel.linkSecret, selector);
    const message = {
      language: parcel.language,
      channel: parcel.channel,
      link: new Secret(`${deps.linkHostUrl}/${token.reveal()}`),
      optOut: deps.optOut,
    };
    const rendered = renderMessage(message);
    assertNeutral({ ...message, message: rendered, linkHostUrl: deps.linkHostUrl });
    if (rendered.channel !== 'sms') throw new LeakGuardError();
    const { text } = rendered;
    return { ok: true, opened: { reminder, link, selector, to: parcel.contactPoint, text } };
  } catch (error) {
    return { ok: false, reason: failureOf(error) };
  }
}

function failureOf(error: unknown): OpeningFailure {
  if (error instanceof LeakGuardError) return 'LEAK_GUARD';
  return error instanceof KeyStoreError ? 'no_link_key' : 'cannot_open';
}
