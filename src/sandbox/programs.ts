import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { AcceptedMail, AcceptedMessage } from './accepted.ts';
import { type FaultControl, faultsSchema } from './faults.ts';
import { linksIn } from './links.ts';
import type { MessageStore } from './message-store.ts';
import type { TakeReply } from './replies.ts';

/** What a phone answers; `to` is the phone, as in `GET /messages`. */
export const replySchema = z.strictObject({
  to: z.string().regex(/^\+[1-9]\d{7,14}$/, 'must be the phone that replies, as in GET /messages'),
  text: z.string().trim().min(1).max(1_600),
});

/**
 * The sandbox for programs: what tests and scripts ask it. JSON in and out.
 *
 * `GET /messages` is the phones and the mailboxes: a message stays there when the provider's copy is
 * redacted, and a second copy of a mail never comes there.
 * `GET /messages/ID/raw` is a mail as it came, byte for byte.
 * `GET /ledger` is everything that was ever accepted, however the phones were emptied since, so
 * that "exactly once" can be counted.
 */
export function programs(deps: {
  store: MessageStore;
  faults: FaultControl;
  takeReply: TakeReply;
}) {
  const { store, faults, takeReply } = deps;

  return async function routes(app: FastifyInstance): Promise<void> {
    app.get('/messages', (request, reply) => {
      const { after } = request.query as { after?: string };
      const all = store.all();
      const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
      if (after !== undefined && start === 0) {
        return reply
          .code(422)
          .send(problem('unknown_message', [{ path: 'after', message: 'no such message' }]));
      }
      return reply.send(
        all
          .slice(start)
          .filter(({ shown }) => shown)
          .map((message) => asReceived(message, store)),
      );
    });

    app.get<{ Params: { id: string } }>('/messages/:id/raw', (request, reply) => {
      const message = store.find(request.params.id);
      if (message?.channel !== 'email' || message.raw === undefined) {
        return reply.code(404).send({ error: 'unknown_message' });
      }
      return reply.type('message/rfc822').send(Buffer.from(message.raw, 'latin1'));
    });

    app.delete('/messages', (_request, reply) => {
      store.empty();
      return reply.code(204).send();
    });

    app.get('/ledger', () => ledgerOf(store));

    app.get('/faults', () => faults.current());

    app.put('/faults', (request, reply) => {
      const parsed = faultsSchema.safeParse(request.body ?? {});
      if (!parsed.success) {
        return reply.code(422).send(problem('invalid_faults', problemsOf(parsed.error)));
      }
      faults.set(parsed.data);
      return reply.send(faults.current());
    });

    app.post('/replies', (request, reply) => {
      const parsed = replySchema.safeParse(request.body ?? {});
      if (!parsed.success) {
        return reply.code(422).send(problem('invalid_reply', problemsOf(parsed.error)));
      }
      const { to: phone, text } = parsed.data;
      return reply.code(201).send(takeReply({ phone, text }));
    });
  };
}

function asReceived(message: AcceptedMessage, store: MessageStore) {
  const { id, channel, to, from, text, receivedAt } = message;
  if (message.channel === 'sms') {
    const { segments, length, encoding } = message;
    return { id, channel, to, from, text, receivedAt, segments, length, encoding };
  }
  const { subject, html, headers, returnPath } = message;
  return {
    ...{ id, channel, to, from, subject, text },
    ...(html === null ? {} : { html }),
    headers: byName(headers),
    receivedAt,
    returnPath,
    copiesDropped: store.mails().filter(({ copyOf }) => copyOf === id).length,
  };
}

/** Headers by lower-case name; a list each, because one may come twice. */
function byName(headers: AcceptedMail['headers']): Record<string, string[]> {
  const named: Record<string, string[]> = Object.create(null);
  for (const [name, value] of headers) {
    named[name.toLowerCase()] = [...(named[name.toLowerCase()] ?? []), value];
  }
  return named;
}

/**
 * Every text that was accepted, its link, and how many times: two is a double send. Of those,
 * `copiesDropped` never reached the reader, because the receiver knew the Message-ID.
 */
function ledgerOf(store: MessageStore) {
  const entries = new Map<string, AcceptedMessage[]>();
  for (const message of store.all()) {
    const key = `${message.channel} ${message.text}`;
    const entry = entries.get(key);
    if (entry) entry.push(message);
    else entries.set(key, [message]);
  }
  return {
    accepted: store.all().length + store.dropped(),
    dropped: store.dropped(),
    texts: [...entries.values()].map((messages) => {
      const text = messages[0]?.text ?? '';
      return {
        channel: messages[0]?.channel,
        text,
        link: linksIn(text).at(-1) ?? null,
        count: messages.length,
        copiesDropped: messages.filter(isDropped).length,
        ids: messages.map(({ id }) => id),
      };
    }),
  };
}

function isDropped(message: AcceptedMessage): boolean {
  return message.channel === 'email' && message.copyOf !== null;
}

function problem(error: string, problems: readonly { path: string; message: string }[]) {
  return { error, problems };
}

/** What is wrong, in words for a developer. */
export function problemsOf(error: z.ZodError): { path: string; message: string }[] {
  return error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
}
