import { randomBytes } from 'node:crypto';
import type { AcceptedMail, AcceptedMessage, AcceptedSms } from './accepted.ts';
import { createLineFile } from './line-file.ts';
import { sizeOfSms } from './sms-size.ts';

/** What a person typed on the phone. */
export interface Reply {
  readonly phone: string;
  readonly text: string;
  readonly sentAt: string;
}

type Line = { message: AcceptedMessage } | { reply: Reply } | { optedOut: string[] };

export type MessageStore = ReturnType<typeof createMessageStore>;

/**
 * Everything the phones, the mailboxes and the providers remember, in memory and in a file that is
 * read at start.
 *
 * Bounded: past `messagesMax`, or `charactersMax` of all together, the oldest message is dropped; so is
 * the oldest reply.
 */
export function createMessageStore(options: {
  directory: string;
  messagesMax: number;
  charactersMax: number;
  now: () => number;
}) {
  const { charactersMax } = options;
  const messages = new Map<string, AcceptedMessage>();
  const replies: Reply[] = [];
  const optedOut = new Set<string>();
  const listeners = new Set<() => void>();
  let dropped = 0;
  let characters = 0;
  const file = createLineFile<Line>(`${options.directory}/messages.ndjson`, remember);

  function remember(line: Line): void {
    if ('message' in line) {
      characters += sizeOf(line.message) - sizeOf(messages.get(line.message.id));
      messages.set(line.message.id, line.message);
    }
    if ('reply' in line) replies.push(line.reply);
    if ('optedOut' in line) {
      optedOut.clear();
      for (const phone of line.optedOut) optedOut.add(phone);
    }
    for (const [id, message] of messages) {
      if (messages.size <= options.messagesMax && characters <= charactersMax) break;
      messages.delete(id);
      characters -= sizeOf(message);
      dropped += 1;
    }
    if (replies.length > options.messagesMax) replies.shift();
  }

  function write(line: Line): void {
    remember(line);
    file.append(line);
    // Every change writes its message again; the last line of a message counts.
    const tooMany = file.lines() > 8 * options.messagesMax;
    if (tooMany || file.characters() > 4 * charactersMax) compact();
    for (const listener of listeners) listener();
  }

  function compact(): void {
    file.replace([
      ...[...messages.values()].map((message) => ({ message })),
      ...replies.map((reply) => ({ reply })),
      { optedOut: [...optedOut] },
    ]);
  }

  const now = () => new Date(options.now()).toISOString();

  return {
    acceptSms(input: {
      to: string;
      from: string;
      text: string;
      heldBody: string;
      messagingServiceSid: string | null;
      statusCallback: string | null;
    }): AcceptedSms {
      const at = now();
      const { length, segments, encoding } = sizeOfSms(input.text);
      const message: AcceptedSms = {
        id: `SM${randomBytes(16).toString('hex')}`,
        channel: 'sms',
        to: input.to,
        from: input.from,
        text: input.text,
        receivedAt: at,
        shown: true,
        length,
        segments,
        encoding,
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

    /**
     * A second copy, known by its Message-ID, is kept and not shown, as receivers drop it; until the
     * mailbox is emptied, which makes it forget.
     */
    acceptMail(
      input: Pick<
        AcceptedMail,
        | 'to'
        | 'from'
        | 'subject'
        | 'text'
        | 'html'
        | 'headers'
        | 'messageId'
        | 'raw'
        | 'returnPath'
        | 'bounce'
      >,
    ): AcceptedMail {
      const first = mails().find(
        ({ messageId, to, shown }) => shown && messageId === input.messageId && to === input.to,
      );
      const message: AcceptedMail = {
        ...input,
        id: `EM${randomBytes(16).toString('hex')}`,
        channel: 'email',
        receivedAt: now(),
        shown: first === undefined,
        copyOf: first?.id ?? null,
        unsubscribed: null,
      };
      write({ message });
      return message;
    },

    find: (id: string) => messages.get(id),

    /** Oldest first, those that are on no phone and at no provider any more included. */
    all: (): readonly AcceptedMessage[] => [...messages.values()],
    sms: (): readonly AcceptedSms[] => sms(),
    mails: (): readonly AcceptedMail[] => mails(),

    /** How many were accepted and are remembered no more. */
    dropped: () => dropped,

    /** Changes what the provider remembers of an SMS. */
    changeAtProvider(id: string, change: Partial<AcceptedSms['provider']>): void {
      const message = messages.get(id);
      if (message?.channel !== 'sms') return;
      const provider = { ...message.provider, updatedAt: now(), ...change };
      write({ message: { ...message, provider } });
    },

    changeMail(id: string, change: Partial<Pick<AcceptedMail, 'bounce' | 'unsubscribed'>>): void {
      const message = messages.get(id);
      if (message?.channel === 'email') write({ message: { ...message, ...change } });
    },

    /** Empties the phones and the mailboxes. */
    empty(): void {
      for (const [id, message] of messages) messages.set(id, { ...message, shown: false });
      replies.length = 0;
      compact();
      for (const listener of listeners) listener();
    },

    addReply(input: { phone: string; text: string }): Reply {
      const reply: Reply = { ...input, sentAt: now() };
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

  function sms(): AcceptedSms[] {
    return [...messages.values()].filter((message) => message.channel === 'sms');
  }

  function mails(): AcceptedMail[] {
    return [...messages.values()].filter((message) => message.channel === 'email');
  }
}

/** About how much memory it takes: the parts that a sender can make long. */
function sizeOf(message: AcceptedMessage | undefined): number {
  if (!message) return 0;
  if (message.channel === 'sms') return message.text.length;
  const headers = message.headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
  return message.text.length + (message.html?.length ?? 0) + headers + (message.raw?.length ?? 0);
}
