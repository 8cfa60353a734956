import { createHash } from 'node:crypto';
import type { EmailMessage, Message, SmsMessage } from '../domain/message.ts';
import type { OpeningFailure } from '../domain/opening-failure.ts';
import { Secret } from '../domain/secret.ts';
import { KeyStoreError } from '../keys/key-store-error.ts';
import { linkLookup } from '../keys/link-secret.ts';
import type { LinkTokens } from '../keys/link-token.ts';
import { openParcel } from '../keys/open-parcel.ts';
import { SealError } from '../keys/seal-error.ts';
import { assertNeutral, LeakGuardError } from '../message/leak-guard.ts';
import { renderMessage } from '../message/render-message.ts';
import type { QueuedReminder, SealedParcelLink } from '../store/dispatch.ts';
import type { OutgoingEmail } from '../transport/transport.ts';

/** A message with all that its channel hands over beside it, the same for every attempt. */
export type ReadyMessage =
  | SmsMessage
  | (EmailMessage & Pick<OutgoingEmail, 'messageKey' | 'optOutUrl'>);

/** What a reminder opens to: where it goes and what goes there. */
export interface OpenedReminder {
  readonly reminder: QueuedReminder;
  readonly link: SealedParcelLink;
  readonly selector: string;
  readonly to: Secret<string>;
  readonly message: ReadyMessage;
}

export interface OpenReminderDeps {
  readonly linkTokens: Pick<LinkTokens, 'mint' | 'newestSelector'>;
  readonly linkHostUrl: string;
  readonly optOut: boolean;
  /** Where one click stops all messages to this contact. */
  readonly optOutUrlOf: (contact: Secret<string>) => Promise<Secret<string>>;
}

/**
 * Opens a reminder's parcel, mints its link and renders its message.
 *
 * @param epochPrivateKey of the parcel's day; absent when that key is gone
 * @returns a failure for whatever is wrong with this one reminder; nothing it does ever throws, so
 *   that a bad row stops no other
 */
export async function openReminder(
  deps: OpenReminderDeps,
  reminder: QueuedReminder,
  epochPrivateKey: Secret<Buffer> | undefined,
): Promise<{ ok: true; opened: OpenedReminder } | { ok: false; reason: OpeningFailure }> {
  const { link } = reminder;
  if (!link) return { ok: false, reason: 'no_parcel' };
  if (!epochPrivateKey) return { ok: false, reason: 'no_key' };
  try {
    const { to, selector, rendered } = openAndRender(deps, { reminder, link, epochPrivateKey });
    if (rendered.channel === 'sms') {
      return { ok: true, opened: { reminder, link, selector, to, message: rendered } };
    }
    const optOutUrl = await deps.optOutUrlOf(to).catch(() => undefined);
    if (!optOutUrl) return { ok: false, reason: 'no_opt_out_url' };
    const message = { ...rendered, messageKey: messageKeyOf(reminder.reminderId), optOutUrl };
    return { ok: true, opened: { reminder, link, selector, to, message } };
  } catch (error) {
    return { ok: false, reason: failureOf(error) };
  }
}

/** @throws {SealError | KeyStoreError | LeakGuardError} */
function openAndRender(
  deps: OpenReminderDeps,
  sealed: { reminder: QueuedReminder; link: SealedParcelLink; epochPrivateKey: Secret<Buffer> },
): { to: Secret<string>; selector: string; rendered: Message } {
  const { reminder, link, epochPrivateKey } = sealed;
  const parcel = openParcel({ epochPrivateKey, binding: reminder, sealed: link.parcel });
  // Whoever can write to the database can seal to a public key; only the true secret leads to L.
  if (!linkLookup(parcel.linkSecret).equals(link.lookup)) throw new SealError('seal_mismatch');
  if (parcel.channel !== reminder.channel) throw new SealError('seal_mismatch');
  const selector = link.selector ?? deps.linkTokens.newestSelector;
  const token = deps.linkTokens.mint(parcel.linkSecret, selector);
  const input = {
    language: parcel.language,
    channel: parcel.channel,
    link: new Secret(`${deps.linkHostUrl}/${token.reveal()}`),
    optOut: deps.optOut,
  };
  const rendered = renderMessage(input);
  assertNeutral({ ...input, message: rendered, linkHostUrl: deps.linkHostUrl });
  return { to: parcel.contactPoint, selector, rendered };
}

/** Tells a reminder's copies apart from other messages, and leads nobody back to the reminder. */
function messageKeyOf(reminderId: string): string {
  return createHash('sha256').update(`sotto message ${reminderId}`).digest('base64url');
}

function failureOf(error: unknown): OpeningFailure {
  if (error instanceof LeakGuardError) return 'LEAK_GUARD';
  return error instanceof KeyStoreError ? 'no_link_key' : 'cannot_open';
}
