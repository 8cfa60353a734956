import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { AppError, errorCodes } from '../../domain/errors.ts';
import type { Language } from '../../domain/language.ts';
import { errorFacts, type Log } from '../../telemetry/log.ts';
import type { NoticeKind } from '../../texts/patient-texts.ts';
import { letGoWhenClosing } from '../let-go-when-closing.ts';
import { asAppError } from '../problems.ts';
import { isTooSlow, serverTimes } from '../server-times.ts';
import { noticePage } from './views/notice-page.ts';

const formBytesMax = 8 * 1024;

const addressErrors = new Set(['FST_ERR_BAD_URL', 'FST_ERR_MAX_PARAM_LENGTH']);

export interface PageServerOptions {
  readonly log: Log;
  /** Addresses whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[] | undefined;
  /** Sent with every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** For faults: no cookie is read, since opening one may be what failed. */
  readonly languageOf: (request: FastifyRequest) => Language;
}

/**
 * A server whose every answer is a page with the same headers, faults included, and whose log
 * holds route patterns and never an address: addresses hold links.
 */
export async function buildPageServer(options: PageServerOptions): Promise<FastifyInstance> {
  const { log, headers, trustedProxies } = options;
  const app = fastify({
    ...serverTimes,
    bodyLimit: formBytesMax,
    trustProxy: trustedProxies?.length ? [...trustedProxies] : false,
    logger: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      reply.headers({ ...headers });
      // An address that cannot be read leads nowhere, like any other that is wrong.
      const fault = addressErrors.has(error.code) ? new AppError('not_found') : asAppError(error);
      sendFault(reply, fault, options.languageOf(request));
    },
    clientErrorHandler: (error, socket) => refuseRaw(socket, isTooSlow(error) ? 408 : 400, headers),
  });
  app.removeAllContentTypeParsers();
  // Whatever is not a form is read to its limit and ignored: the form token is then missing.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));

  letGoWhenClosing(app);
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ ...headers });
  });
  app.addHook('onResponse', async (request, reply) => {
    log.info('request answered', {
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    });
  });
  app.setErrorHandler(async (error, request, reply) => {
    const fault = asAppError(error);
    if (errorCodes[fault.code].status >= 500) {
      log.error('request failed', {
        ...errorFacts(fault.cause),
        reason: fault.code,
        route: routeOf(request),
      });
    }
    return sendFault(reply, fault, options.languageOf(request));
  });
  await app.register(cookie);
  await app.register(formbody, { bodyLimit: formBytesMax });
  return app;
}

/** Answers with a page. */
export function sendPage(reply: FastifyReply, status: number, page: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(page);
}

/** Answers with a page that only tells something. */
export function sendNotice(
  reply: FastifyReply,
  { status, kind, language }: { status: number; kind: NoticeKind; language: Language },
): FastifyReply {
  return sendPage(reply, status, noticePage({ language, kind }));
}

function sendFault(reply: FastifyReply, fault: AppError, language: Language): FastifyReply {
  if (fault.retryAfterS !== undefined) reply.header('retry-after', fault.retryAfterS);
  const { status } = errorCodes[fault.code];
  return sendNotice(reply, { status, kind: status === 404 ? 'linkUnusable' : 'problem', language });
}

function routeOf(request: FastifyRequest): string {
  return request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
}

/** What could not be read as HTTP has no language and gets no page, only the headers. */
function refuseRaw(
  socket: Socket,
  status: 400 | 408,
  headers: Readonly<Record<string, string>>,
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const lines = Object.entries({ ...headers, 'content-length': '0', connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`, () =>
    socket.destroy(),
  );
}
