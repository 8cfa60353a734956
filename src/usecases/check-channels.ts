import type { AppointmentRequest } from '../domain/appointment.ts';
import type { Channel, RequestedChannel } from '../domain/channel.ts';
import type { FieldErrorCode } from '../domain/errors.ts';
import { type Factor, type FactorRules, factorsFor } from '../domain/factor.ts';
import type { OrganisationSettings } from '../domain/organisation.ts';
import type { Secret } from '../domain/secret.ts';

/** Whom a request is about, and on what they can be written to here. */
export interface Reachability {
  readonly recipient: AppointmentRequest['recipient'];
  /** Valid ones alone. */
  readonly contactPoints: Readonly<Partial<Record<Channel, Secret<string>>>>;
  /** Channels that this deployment can send on. */
  readonly channelsAvailable: readonly Channel[];
  readonly factorRules: FactorRules;
}

interface LinkChannel {
  readonly channel: Channel;
  readonly factors: readonly Factor[];
}

/**
 * The channels that a link can go out on: with a contact point, a transport and a factor left to
 * prove with; the preferred first. A link that a birth date alone opens shows the least; else what
 * was asked for first comes first.
 */
export function linkChannels(
  reachability: Reachability,
  asked: readonly RequestedChannel[],
): Channel[] {
  const first: Channel = asked[0] === undefined || asked[0] === 'sms' ? 'sms' : 'email';
  const weakness = ({ channel, factors: [strongest] }: LinkChannel) =>
    (strongest === 'birth_date' ? 2 : 0) + (channel === first ? 0 : 1);
  return reachability.channelsAvailable
    .filter((channel) => reachability.contactPoints[channel])
    .map((channel): LinkChannel => ({ channel, factors: factorsBehind(reachability, channel) }))
    .filter(({ factors }) => factors.length > 0)
    .toSorted((one, other) => weakness(one) - weakness(other))
    .map(({ channel }) => channel);
}

/** Why a reminder cannot go out as it was asked for; undefined when it can. */
export function channelFault(
  requested: RequestedChannel,
  reachability: Reachability,
): FieldErrorCode | undefined {
  const { recipient, contactPoints, channelsAvailable } = reachability;
  // Auto is the link by email and the code by SMS.
  const needed: readonly Channel[] = requested === 'auto' ? ['email', 'sms'] : [requested];
  if (!needed.every((channel) => channelsAvailable.includes(channel))) return 'channel_unavailable';
  const given = { sms: recipient.phone, email: recipient.email };
  if (!needed.every((channel) => given[channel] !== undefined)) return 'no_contact_point';
  const first = needed[0] ?? 'sms';
  // One that is not valid has been complained of already.
  if (!contactPoints[first]) return undefined;
  return factorsBehind(reachability, first).length > 0 ? undefined : 'no_usable_factor';
}

/**
 * The organisation's plan for this recipient: what cannot be sent as planned goes by the other
 * channel. The plan is made for all, and not all have a mobile, or an email address.
 */
export function fittingPlan(
  plan: OrganisationSettings['reminderPlan'],
  reachability: Reachability,
): OrganisationSettings['reminderPlan'] {
  const isFit = (channel: RequestedChannel) => channelFault(channel, reachability) === undefined;
  return plan.map(({ before, channel }) => ({
    before,
    channel: [channel, 'email' as const, 'sms' as const].find(isFit) ?? channel,
  }));
}

/** What the patient can prove with behind a link on this channel. */
function factorsBehind(
  { recipient: { phone, ...recipient }, channelsAvailable, factorRules }: Reachability,
  channel: Channel,
): Factor[] {
  // A code goes out by SMS, which this deployment may not send.
  return factorsFor(
    channelsAvailable.includes('sms') ? { ...recipient, phone } : recipient,
    channel,
    factorRules,
  );
}
