import type { Channel } from '../../../domain/channel.ts';
import type { Overview } from '../../../domain/overview.ts';
import type { SendingTrouble } from '../../../domain/sending-verdict.ts';
import type { Tone } from '../state-words.ts';
import { duration } from './moment.ts';
import { quantity } from './quantity.ts';

export const channelNames: Readonly<Record<Channel, string>> = { sms: 'SMS', email: 'email' };

export const verdictTones: Readonly<Record<Overview['verdict']['state'], Tone>> = {
  fine: 'ok',
  late: 'late',
  stopped: 'stop',
};

/** Whether patients miss reminders now, in one sentence. */
export function headline({ verdict }: Pick<Overview, 'verdict'>): string {
  const what = both(verdict.channels) ? 'Nothing' : `No ${namesOf(verdict.channels)}`;
  switch (verdict.cause) {
    case undefined:
      return 'Reminders go out on time.';
    case 'backlog':
      return `Reminders go out late, the oldest by ${duration(verdict.oldestDueS)}.`;
    case 'no_worker':
      return 'No reminder goes out: no worker is running.';
    case 'feeder_silent':
      return 'No reminder goes out: nobody feeds what is due.';
    case 'paused':
      return `${what} goes out: a person has paused it.`;
    case 'given_back':
      return `${what} goes out: workers take it and give it back.`;
    case 'provider_down':
      return `${what} goes out: the provider is down, or refuses us.`;
  }
}

/** Whose fault it is, and where to look first. */
export const troubleWords: Readonly<Record<SendingTrouble, string>> = {
  no_worker:
    'It is us, not a provider. Start a worker; what is due waits safely and goes out at the sender’s rate.',
  feeder_silent:
    'It is us, not a provider. Start or look at the scheduler; what is due waits safely.',
  paused: 'Neither we nor a provider failed. See what a resume would let go before you resume.',
  provider_down:
    'It is the provider, or our account there. Nothing is lost: what is due waits, and the workers ask again by themselves every minute or so.',
  given_back:
    'It is us, not a provider: workers lack a key or a setting, or hang. What to do names the reason; nothing is lost, and it is tried again by itself.',
  backlog:
    'No provider is down and no channel is paused: more is due than the rate of the sender, or the workers, let through; or single reminders are held.',
};

/** What is due and unsent, since when, and how soon that matters. */
export function dueSentence({
  due,
  verdict,
  now,
}: Pick<Overview, 'due' | 'verdict' | 'now'>): string {
  if (due.count === 0) {
    return verdict.state === 'late'
      ? 'What is late was taken by workers, who do not get it done.'
      : 'Nothing is due and unsent.';
  }
  const since = new Date(now.getTime() - due.oldestAgeS * 1_000).toISOString().slice(11, 16);
  const where = `${quantity(due.count, 'reminder')} of ${quantity(due.organisationCount, 'organisation')}`;
  const are = due.count === 1 ? 'is' : 'are';
  const soon =
    due.soonCount > 0
      ? `; ${quantity(due.soonCount, 'appointment')} of those that are late ${due.soonCount === 1 ? 'begins' : 'begin'} within 24 h`
      : '';
  return `${where} ${are} due and unsent, the oldest since ${since} UTC (${duration(due.oldestAgeS)})${soon}.`;
}

function namesOf(channels: readonly Channel[]): string {
  return channels.map((channel) => channelNames[channel]).join(' and ');
}

function both(channels: readonly Channel[]): boolean {
  return channels.length > 1;
}
