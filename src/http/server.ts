import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { limits } from '../../config/limits.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import { errorFacts, type Log } from '../telemetry/log.ts';
import { letGoWhenClosing } from './let-go-when-closing.ts';
import { type Answer, asAppError } from './problems.ts';
import { isTooSlow, serverTimes } from './server-times.ts';

export interface ServerOptions {
  readonly log: Log;
  /** Addresses whose `X-Forwarded-For` is believed; nobody's when empty or absent. */
  readonly trustedProxies?: readonly string[] | undefined;
  /**
   * How this listener words a fault: a problem for programs, a page for people.
   *
   * @param url what was asked for, where it could be read
   */
  readonly faultAnswer: (fault: AppError, url?: string) => Answer;
  /** Sent with every answer; a route may replace one. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A server that words every fault itself and logs every request without what was in it.
 *
 * The log line has method, route pattern, status and duration: no address, no path, no body. No
 * content type is parsed; each role adds the parsers that it needs. `close()` stops listening and
 * resolves when what was on its way has been answered.
 */
export function buildServer(options: ServerOptions): FastifyInstance {
  const { log, faultAnswer } = options;
  const app = fastify({
    ...serverTimes,
    bodyLimit: limits.requestBytesMax,
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    logger: false,
    genReqId: () => randomUUID(),
    // A request on a connection that is still open when the process ends is answered, not refused.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // Above the longest reference, so that a wrong reference is told apart from a wrong address.
    routerOptions: { maxParamLength: 1_024 },
    // The framework's own answers to what it cannot read would echo it.
    frameworkErrors: (error, request, reply) => {
      write(reply.headers({ ...options.headers }), faultAnswer(asAppError(error), request.url));
    },
    clientErrorHandler: (error, socket) => {
      writeRaw(socket, faultAnswer(new AppError(codeOfParser(error))), options.headers);
    },
  });
  app.removeAllContentTypeParsers();

  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ ...options.headers });
  });
  letGoWhenClosing(app);
  logRequests(app, log);
  answerFaults(app, options);
  return app;
}

function codeOfParser(error: { readonly code?: string }): ErrorCode {
  if (isTooSlow(error)) return 'request_timeout';
  return error.code === 'HPE_HEADER_OVERFLOW' ? 'payload_too_large' : 'malformed_request';
}

function logRequests(app: FastifyInstance, log: Log): void {
  app.addHook('onResponse', async (request, reply) => {
    log.info('request answered', {
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
      requestId: request.id,
    });
  });
}

/** No failure, and where there is one of them there are a thousand a second. */
const onPurpose: readonly ErrorCode[] = ['overloaded', 'restoring'];

function answerFaults(app: FastifyInstance, { log, faultAnswer }: ServerOptions): void {
  app.setNotFoundHandler((request, reply) =>
    write(reply, faultAnswer(new AppError('not_found'), request.url)),
  );
  app.setErrorHandler((error, request, reply) => {
    const fault = asAppError(error);
    const answer = faultAnswer(fault, request.url);
    if (answer.status >= 500 && !onPurpose.includes(fault.code)) {
      log.error('request failed', {
        ...errorFacts(fault.cause),
        reason: fault.code,
        route: routeOf(request),
        requestId: request.id,
      });
    }
    return write(reply, answer);
  });
}

/**
 * Makes every address of the routes added so far answer other methods with a 405 that names those
 * it takes (RFC 9110, 15.5.6). To be called after the last route.
 */
export function refuseOtherMethods(app: FastifyInstance, routes: readonly RouteAddress[]): void {
  const taken = Map.groupBy(routes, (route) => route.url);
  for (const [url, same] of taken) {
    const allowed = new Set(same.map((route) => route.method));
    const refused = app.supportedMethods.filter((method) => !allowed.has(method));
    app.route({
      method: refused,
      url,
      schema: { hide: true },
      onRequest: async (_request, reply) => {
        reply.header('allow', [...allowed].sort().join(', '));
        throw new AppError('method_not_allowed');
      },
      handler: () => {},
    });
  }
}

export interface RouteAddress {
  readonly method: string;
  readonly url: string;
}

/** Collects the addresses of all routes that are added from now on. */
export function collectRoutes(app: FastifyInstance): readonly RouteAddress[] {
  const routes: RouteAddress[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.push({ method: each, url });
  });
  return routes;
}

function routeOf(request: FastifyRequest): string {
  return request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
}

function write(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply
    .code(answer.status)
    .headers({ ...answer.headers })
    .serializer(String)
    .send(answer.body);
}

function writeRaw(socket: Socket, answer: Answer, headers: Readonly<Record<string, string>>): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const lines = Object.entries({
    ...headers,
    ...answer.headers,
    'content-length': Buffer.byteLength(answer.body),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${lines.join('')}\r\n${answer.body}`,
    () => socket.destroy(),
  );
}
