import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Secret } from '../domain/secret.ts';
import type { AcceptedSms } from './accepted.ts';
import type { FaultControl } from './faults.ts';
import { fateOf } from './magic-numbers.ts';
import type { MessageStore } from './message-store.ts';
import { type Form, readCreateRequest } from './twilio-create.ts';
import { type TwilioErrorCode, twilioError } from './twilio-errors.ts';
import { listJson, messageJson } from './twilio-json.ts';

const accountPath = '/2010-04-01/Accounts/:accountSid';
const pageSizeMax = 1_000;

/** The sender shown when a messaging service picks one. */
const serviceSender = '+33757000000';

/**
 * The part of Twilio's REST API that reminders need: create, fetch, list, redact, delete.
 *
 * @see https://www.twilio.com/docs/messaging/api/message-resource
 */
export function twilioApi(deps: {
  accountSid: string;
  authToken: Secret<string>;
  store: MessageStore;
  faults: FaultControl;
  follow: (message: AcceptedSms, mode: ReturnType<FaultControl['nextReceiptMode']>) => void;
  mayCallBack: (url: URL) => boolean;
  now: () => number;
}) {
  const { accountSid, store, faults } = deps;
  const asJson = (message: AcceptedSms) => messageJson(message, accountSid);

  function find(request: FastifyRequest): AcceptedSms | undefined {
    const { sid } = request.params as { sid: string };
    const message = store.find(sid);
    return message?.channel !== 'sms' || message.provider.deleted ? undefined : message;
  }

  function create(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    const mode = faults.nextSendMode();
    if (mode === 'reset') {
      reply.hijack();
      request.raw.socket.resetAndDestroy();
      return undefined;
    }
    if (mode === '429') return refuse(reply.header('Retry-After', '1'), 20429);
    if (mode === '500') return refuse(reply, 20500);

    const wanted = readCreateRequest((request.body ?? {}) as Form, deps.mayCallBack);
    if (typeof wanted === 'number') return refuse(reply, wanted);
    const fate = fateOf(wanted.to);
    if (fate?.kind === 'refused') return refuse(reply, fate.code);
    if (store.hasOptedOut(wanted.to)) return refuse(reply, 21610);

    const message = store.acceptSms({
      to: wanted.to,
      from: wanted.from ?? serviceSender,
      text: wanted.body,
      heldBody: faults.current().sms.forceRedaction ? '' : wanted.body,
      messagingServiceSid: wanted.messagingServiceSid,
      statusCallback: wanted.statusCallback,
    });
    deps.follow(message, faults.nextReceiptMode());
    if (mode === 'timeout-after-accept') {
      reply.hijack();
      return undefined;
    }
    return reply.code(201).send(asJson(message));
  }

  function list(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const query = new URL(request.url, 'http://sandbox').searchParams;
    const newestMs = deps.now() - faults.current().sms.listLagSeconds * 1_000;
    const messages = store
      .sms()
      .filter((message) => !message.provider.deleted)
      .filter((message) => Date.parse(message.receivedAt) <= newestMs)
      .filter((message) => matches(message, query))
      .reverse();
    const pageSize = Math.min(pageSizeMax, Math.max(1, Number(query.get('PageSize')) || 50));
    const page = Math.max(0, Number(query.get('Page')) || 0);
    return reply.send(listJson({ messages, accountSid, query, page, pageSize }));
  }

  /** What it still has of messages: looked up, redacted, deleted. */
  async function copies(routes: FastifyInstance): Promise<void> {
    routes.addHook('preHandler', async (_request, reply) => {
      const { reads } = faults.current().sms;
      if (reads === '500') return refuse(reply, 20500);
      if (reads === 'timeout') reply.hijack();
      return undefined;
    });
    routes.get(`${accountPath}/Messages.json`, list);
    routes.get(`${accountPath}/Messages/:sid(^[A-Za-z0-9]+).json`, (request, reply) => {
      const message = find(request);
      return message ? reply.send(asJson(message)) : refuse(reply, 20404);
    });
    routes.post(`${accountPath}/Messages/:sid(^[A-Za-z0-9]+).json`, (request, reply) => {
      const message = find(request);
      if (!message) return refuse(reply, 20404);
      if ((request.body as Form | undefined)?.Body !== '') return refuse(reply, 30400);
      if (message.provider.status === 'queued') return refuse(reply, 20009);
      store.changeAtProvider(message.id, { body: '' });
      return reply.send(asJson(find(request) ?? message));
    });
    routes.delete(`${accountPath}/Messages/:sid(^[A-Za-z0-9]+).json`, (request, reply) => {
      const message = find(request);
      if (!message) return refuse(reply, 20404);
      if (message.provider.status === 'queued') return refuse(reply, 20009);
      store.changeAtProvider(message.id, { deleted: true, body: '' });
      return reply.code(204).send();
    });
  }

  return async function routes(app: FastifyInstance): Promise<void> {
    app.addHook('onRequest', async (request, reply) => {
      if (!isSignedIn(request.headers.authorization, deps)) {
        return refuse(reply.header('WWW-Authenticate', 'Basic realm="Twilio API"'), 20003);
      }
      const { accountSid: asked } = request.params as { accountSid: string };
      return asked === accountSid ? undefined : refuse(reply, 20404);
    });
    app.post(`${accountPath}/Messages.json`, create);
    await app.register(copies);
  };
}

function refuse(reply: FastifyReply, code: TwilioErrorCode): FastifyReply {
  const { status, body } = twilioError(code);
  return reply.code(status).send(body);
}

function isSignedIn(
  header: string | undefined,
  expected: { accountSid: string; authToken: Secret<string> },
): boolean {
  const given = Buffer.from(header?.replace(/^Basic /i, '') ?? '', 'base64');
  const wanted = Buffer.from(`${expected.accountSid}:${expected.authToken.reveal()}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** `DateSent>` and `DateSent<` include the instant itself; `DateSent` is a day in UTC. */
function matches(message: AcceptedSms, query: URLSearchParams): boolean {
  const sentAt = message.provider.sentAt ?? message.receivedAt;
  const sentMs = Date.parse(sentAt);
  const day = query.get('DateSent');
  const from = query.get('DateSent>');
  const until = query.get('DateSent<');
  return (
    (!query.get('To') || query.get('To') === message.to) &&
    (!query.get('From') || query.get('From') === message.from) &&
    (!day || sentAt.startsWith(day.slice(0, 10))) &&
    (!from || sentMs >= Date.parse(from)) &&
    (!until || sentMs <= Date.parse(until))
  );
}
