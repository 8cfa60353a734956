import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type FaultControl, faultsSchema } from './faults.ts';
import { linksIn } from './links.ts';
import type { AcceptedMessage, MessageStore } from './message-store.ts';
import { takeReply } from './replies.ts';

/** What a phone answers; `to` is the phone, as in `GET /messages`. */
export const replySchema = z.strictObject({
  to: z.string().regex(/^\+[1-9]\d{7,14}$/, 'must be the phone that replies, as in GET /messages'),
  text: z.string().trim().min(1).max(1_600),
});

/**
 * The sandbox for programs: what tests and scripts ask it. JSON in and out.
 *
 * `GET /messages` is the phones: a message stays there when the provider's copy is redacted.
 * `GET /ledger` is everything that was ever accepted, however the phones were emptied since, so
 * that "exactly once" can be counted.
 */
export function programs(deps: { store: MessageStore; faults: FaultControl }) {
  const { store, faults } = deps;

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
          .filter(({ onPhone }) => onPhone)
          .map(asReceived),
      );
    });

    app.delete('/messages', (_request, reply) => {
      store.emptyPhones();
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
      return reply.code(201).send(takeReply(store, { phone, text }));
    });
  };
}

function asReceived(message: AcceptedMessage) {
  const { id, channel, to, from, text, receivedAt, segments, length, encoding } = message;
  return { id, channel, to, from, text, receivedAt, segments, length, encoding };
}

/** Every text that was accepted, its link, and how many times: two is a double send. */
function ledgerOf(store: MessageStore) {
  const entries = new Map<string, { link: string | null; ids: string[] }>();
  for (const { id, text } of store.all()) {
    const entry = entries.get(text) ?? { link: linksIn(text).at(-1) ?? null, ids: [] };
    entry.ids.push(id);
    entries.set(text, entry);
  }
  return {
    accepted: store.all().length + store.dropped(),
    dropped: store.dropped(),
    texts: [...entries].map(([text, { link, ids }]) => ({ text, link, count: ids.length, ids })),
  };
}

function problem(error: string, problems: readonly { path: string; message: string }[]) {
  return { error, problems };
}

/** What is wrong, in words for a developer. */
export function problemsOf(error: z.ZodError): { path: string; message: string }[] {
  return error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
}
