import type { ReceiptState } from '../../src/domain/attempt.ts';
import type { Channel } from '../../src/domain/channel.ts';
import type {
  LookedUp,
  OutgoingMessage,
  SeenMessage,
  SendOutcome,
  Transport,
} from '../../src/transport/transport.ts';
import type { DeliveryReceipt } from '../../src/usecases/record-delivery-receipt.ts';
import type { Io, Process } from './io.ts';
import type { Random } from './random.ts';

/** How a provider takes what it is handed: those that leave doubt come up most. */
export const moods = [
  'accepts',
  'refuses',
  'refuses for good',
  'says opted out',
  'limits',
  'is down',
  'errs',
  'times out',
  'times out',
  'times out',
  'cuts',
] as const;
export type Mood = (typeof moods)[number];

/** One message that the peer took: its own ledger, and nobody else's. */
export interface Copy {
  readonly reminderId: string;
  readonly token: string;
  readonly mark: string;
  readonly providerId: string;
  readonly channel: Channel;
  readonly atMs: number;
  /** From when on its list shows it. */
  readonly shownAtMs: number;
  /** The process was stopped between its last look at the clock and the socket. */
  readonly stalled: boolean;
  status: ReceiptState | 'other';
}

export interface Provider {
  readonly copies: readonly Copy[];
  /** What it has to say and has not said yet. */
  readonly owed: DeliveryReceipt[];
  readonly mood: Record<Channel, Mood>;
  /** Its list shows no texts. */
  redacts: boolean;
  transportOf(process: Process, channel: Channel): Transport;
}

/** So long after it was taken the list shows a message, says the provider. */
export const listLagMs = 100_000;
const answerInMs = 15_000;

/** A provider of both channels, with a list for SMS and none for email. */
export function createProvider(world: {
  readonly io: Io;
  readonly nowMs: () => number;
  readonly random: () => Random;
  readonly nextId: () => string;
  readonly onCopy: (copy: Copy) => void;
}): Provider {
  const { io, nowMs } = world;
  const copies: Copy[] = [];
  const owed: DeliveryReceipt[] = [];

  function take(message: OutgoingMessage, stalled: boolean): Copy {
    const random = world.random();
    const copy: Copy = {
      reminderId: message.to.reveal(),
      token: message.attemptToken,
      mark: message.text.reveal(),
      providerId: world.nextId(),
      channel: message.channel,
      atMs: nowMs(),
      // A list may lag for longer than its provider says.
      shownAtMs: nowMs() + random.below(random.chance(0.6) ? listLagMs : 20 * listLagMs),
      stalled,
      status: 'other',
    };
    copies.push(copy);
    promise(copy, random);
    world.onCopy(copy);
    return copy;
  }

  function promise(copy: Copy, random: Random): void {
    const say = (status: DeliveryReceipt['status'], reason?: string) =>
      owed.push({
        token: Buffer.from(copy.token, 'base64url'),
        channel: copy.channel,
        ...(copy.channel === 'sms' ? { providerId: copy.providerId } : {}),
        ...{ status, reason },
      });
    const arrives = random.chance(0.7);
    if (copy.channel === 'email') {
      if (!arrives) say('undelivered', 'unreachable_recipient');
      return;
    }
    say(random.chance(0.5) ? 'sent' : 'other');
    copy.status = arrives ? 'delivered' : 'undelivered';
    if (arrives) return void say('delivered');
    if (random.chance(0.5)) say('undelivered', 'opted_out');
    say('undelivered', 'unreachable_recipient');
    if (random.chance(0.3)) say('delivered');
  }

  /** What is so at the peer, and what its caller will be told. */
  function answer(message: OutgoingMessage, mood: Mood, stalled: boolean): SendOutcome {
    const perhaps = () => void (world.random().chance(0.5) && take(message, stalled));
    switch (mood) {
      case 'accepts':
        return { kind: 'accepted', providerId: take(message, stalled).providerId };
      case 'refuses':
        return { kind: 'refused', permanent: false, reason: 'provider_refused' };
      case 'refuses for good':
        return { kind: 'refused', permanent: true, reason: 'invalid_recipient' };
      case 'says opted out':
        return { kind: 'refused', permanent: true, reason: 'opted_out' };
      case 'limits':
        return {
          ...{ kind: 'refused', permanent: false, reason: 'rate_limited' },
          retryAfterMs: 20_000,
        };
      case 'is down':
        return { kind: 'refused', permanent: false, reason: 'not_connected' };
      case 'errs':
        perhaps();
        return { kind: 'uncertain', reason: 'provider_down' };
      case 'times out':
        take(message, stalled);
        return { kind: 'uncertain', reason: 'timeout' };
      case 'cuts':
        perhaps();
        return { kind: 'uncertain', reason: 'connection_lost' };
    }
  }

  const provider: Provider = {
    copies,
    owed,
    mood: { sms: 'accepts', email: 'accepts' },
    redacts: false,
    transportOf: (process, channel) => ({
      name: channel,
      idempotency:
        channel === 'email'
          ? { kind: 'none' }
          : {
              kind: 'lookup',
              lagMs: listLagMs,
              find: (question) =>
                io.call<LookedUp>(process, {
                  label: 'look up',
                  perform: () => look(question.marks.map((mark) => mark.reveal())),
                  before: () => ({ kind: 'unanswered' }),
                  after: () => ({ kind: 'unanswered' }),
                }),
            },
      async send(message) {
        const beganMs = nowMs();
        const outcome = await io.call<SendOutcome>(process, {
          label: 'hand over',
          perform: () => answer(message, provider.mood[channel], nowMs() > beganMs),
          before: () => ({ kind: 'refused', permanent: false, reason: 'not_connected' }),
          after: () => ({ kind: 'uncertain', reason: 'connection_lost' }),
        });
        return io.call<SendOutcome>(process, {
          label: 'answer',
          perform: () =>
            nowMs() - beganMs > answerInMs && outcome.kind === 'accepted'
              ? { kind: 'uncertain', reason: 'timeout' }
              : outcome,
          before: () => ({ kind: 'uncertain', reason: 'connection_lost' }),
          after: () => ({ kind: 'uncertain', reason: 'connection_lost' }),
        });
      },
      async close() {},
    }),
  };

  function look(marks: readonly string[]): LookedUp {
    if (provider.mood.sms === 'is down') return { kind: 'unanswered' };
    const seen = copies
      .filter((copy) => marks.includes(copy.mark) && copy.shownAtMs <= nowMs())
      .map(
        (copy): SeenMessage => ({
          ...{ providerId: copy.providerId, createdAtMs: copy.atMs, status: copy.status },
          reason: copy.status === 'undelivered' ? 'unreachable_recipient' : undefined,
        }),
      );
    return provider.redacts
      ? { kind: 'answered', isWhole: true, holding: [], textless: seen }
      : { kind: 'answered', isWhole: true, holding: seen, textless: [] };
  }

  return provider;
}
