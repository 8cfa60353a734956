import { randomBytes } from 'node:crypto';
import { createLineFile } from './line-file.ts';
import { sizeOfSms } from './sms-size.ts';

/**
 * A message that was accepted. The phone's copy and the provider's are two things: redacting or
 * deleting at the provider takes nothing off the phone, and emptying the phone nothing from there.
 */
export interface AcceptedMessage {
  readonly id: string;
  readonly channel: 'sms';
  readonly to: string;
  readonly from: string;
  readonly text: string;
  readonly receivedAt: string;
  readonly length: number;
  readonly segments: number;
  readonly encoding: 'GSM-7' | 'UCS-2';
  readonly onPhone: boolean;
  readonly provider: {
    readonly body: string;
    readonly deleted: boolean;
    readonly status: 'queued' | 'sent' | 'delivered' | 'undelivered';
    readonly errorCode: number | null;
    readonly sentAt: string | null;
    readonly updatedAt: string;
    readonly messagingServiceSid: string | null;
    readonly statusCallback: string | null;
    readonly receiptsOwed: boolean;
  };
}

/** What a person typed on the phone. */
export interface Reply {
  readonly phone: string;
  readonly text: string;
  readonly sentAt: string;
}

type Line = { message: AcceptedMessage } | { reply: Reply } | { optedOut: string[] };

export type MessageStore = ReturnType<typeof createMessageStore>;

/**
 * Everything the phone and the provider remember, in memory and in a file that is read at start.
 *
 * Bounded: past `messagesMax` the oldest message is dropped, and so is the oldest reply.
 */
export function createMessageStore(options: {
  directory: string;
  messagesMax: number;
  now: () => number;
}) {
  const messages = new Map<string, AcceptedMessage>();
  const replies: Reply[] = [];
  const optedOut = new Set<string>();
  const listeners = new Set<() => void>();
  let dropped = 0;
  const file = createLineFile<Line>(`${options.directory}/messages.ndjson`, remember);

  function remember(line: Line): void {
    if ('message' in line) messages.set(line.message.id, line.message);
    if ('reply' in line) replies.push(line.reply);
    if ('optedOut' in line) {
      optedOut.clear();
      for (const phone of line.optedOut) optedOut.add(phone);
    }
    for (const id of messages.keys()) {
      if (messages.size <= options.messagesMax) break;
      messages.delete(id);
      dropped += 1;
    }
    if (replies.length > options.messagesMax) replies.shift();
  }

  function write(line: Line): void {
    remember(line);
    file.append(line);
    // Every change writes its message again; the last line of a message counts.
    if (file.lines() > 8 * options.messagesMax) compact();
    for (const listener of listeners) listener();
  }

  function compact(): void {
    file.replace([
      ...[...messages.values()].map((message) => ({ message })),
      ...replies.map((reply) => ({ reply })),
      { optedOut: [...optedOut] },
    ]);
  }

  return {
    accept(input: {
      to: string;
      from: string;
      text: string;
      heldBody: string;
      messagingServiceSid: string | null;
      statusCallback: string | null;
    }): AcceptedMessage {
      const at = new Date(options.now()).toISOString();
      const { length, segments, encoding } = sizeOfSms(input.text);
      const message: AcceptedMessage = {
        id: `SM${randomBytes(16).toString('hex')}`,
        channel: 'sms',
        to: input.to,
        from: input.from,
        text: input.text,
        receivedAt: at,
        length,
        segments,
        encoding,
        onPhone: true,
        provider: {
          body: input.heldBody,
          deleted: false,
          status: 'queued',
          errorCode: null,
          sentAt: null,
          updatedAt: at,
          messagingServiceSid: input.messagingServiceSid,
          statusCallback: input.statusCallback,
          receiptsOwed: true,
        },
      };
      write({ message });
      return message;
    },

    find: (id: string) => messages.get(id),

    /** Oldest first, those that are on no phone and at no provider any more included. */
    all: (): readonly AcceptedMessage[] => [...messages.values()],

    /** How many were accepted and are remembered no more. */
    dropped: () => dropped,

    /** Changes what the provider remembers of a message. */
    changeAtProvider(id: string, change: Partial<AcceptedMessage['provider']>): void {
      const message = messages.get(id);
      if (!message) return;
      const updatedAt = new Date(options.now()).toISOString();
      write({ message: { ...message, provider: { ...message.provider, updatedAt, ...change } } });
    },

    emptyPhones(): void {
      for (const [id, message] of messages) messages.set(id, { ...message, onPhone: false });
      replies.length = 0;
      compact();
      for (const listener of listeners) listener();
    },

    addReply(input: { phone: string; text: string }): Reply {
      const reply: Reply = { ...input, sentAt: new Date(options.now()).toISOString() };
      write({ reply });
      return reply;
    },

    replies: (): readonly Reply[] => replies,

    setOptedOut(phone: string, out: boolean): void {
      const next = new Set(optedOut);
      if (out) next.add(phone);
      else next.delete(phone);
      write({ optedOut: [...next] });
    },

    hasOptedOut: (phone: string) => optedOut.has(phone),

    /** Calls back after every change. @returns the way to stop it */
    onChange(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close: () => file.close(),
  };
}
