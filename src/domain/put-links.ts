import type { Channel } from './channel.ts';
import type { StoredLink, StoredReminder, WantedAppointment } from './put-facts.ts';
import { owedStates } from './reminder.ts';

/** What a PUT does to the links that are there, and where new ones are needed. */
export interface LinkDecision {
  /** Links nobody has seen: their secret is made anew, so the rows go. */
  readonly droppedLinkIds: readonly string[];
  /** Links that went out and stay, but no later attempt uses them. */
  readonly retiredLinkIds: readonly string[];
  readonly revokedLinkIds: readonly string[];
  /** Links that went out and show the new version. */
  readonly shownLinks: readonly StoredLink[];
  /** Stored reminders that need a link sealed anew, by channel. */
  readonly resealed: readonly { readonly reminder: StoredReminder; readonly channel: Channel }[];
}

/** Decides over links: unseen ones are made anew, and those that went out show the new version. */
export function decideLinks({
  reminders,
  kept,
  wanted,
}: {
  reminders: readonly StoredReminder[];
  kept: (reminder: StoredReminder) => boolean;
  wanted: WantedAppointment;
}): LinkDecision {
  const links = reminders.flatMap((reminder) => reminder.links);
  const attempted = links.filter((link) => link.attempted);
  const revoked = asksForNew(wanted) ? attempted.filter((link) => !link.revoked) : [];
  const resealed = reminders
    .filter(kept)
    .flatMap((reminder) =>
      wanted.linkChannels
        .filter((channel) => needsNewLink(reminder, channel))
        .map((channel) => ({ reminder, channel })),
    );
  const replaced = new Set(resealed.map(({ reminder, channel }) => `${reminder.id} ${channel}`));
  return {
    droppedLinkIds: links.filter((link) => !link.attempted).map(({ id }) => id),
    retiredLinkIds: reminders.flatMap((reminder) =>
      reminder.links
        .filter(
          (link) =>
            link.attempted && link.current && replaced.has(`${reminder.id} ${link.channel}`),
        )
        .map(({ id }) => id),
    ),
    revokedLinkIds: revoked.map(({ id }) => id),
    shownLinks: attempted
      .filter((link) => !link.revoked && !revoked.includes(link))
      .filter((link) => Temporal.Instant.compare(link.expiresAt, wanted.now) > 0),
    resealed,
  };
}

/** Whether what is out shall end because a new message takes its place. */
export function asksForNew({ notice, isOverCeiling }: WantedAppointment): boolean {
  return notice === 'now' && !isOverCeiling;
}

/**
 * A link nobody has seen is always made anew, because its contact point may have changed; one that
 * went out is joined by a newer one only where its reminder may still owe a send.
 */
function needsNewLink(reminder: StoredReminder, channel: Channel): boolean {
  const owes = owedStates.includes(reminder.state) || reminder.state === 'failed';
  if (owes) return true;
  const sent = reminder.state === 'sent' || reminder.state === 'undelivered';
  const current = reminder.links.find((link) => link.channel === channel && link.current);
  return sent && current !== undefined && !current.attempted;
}
