import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import type { Secret } from '../../domain/secret.ts';

const loopbackAddress = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
/** Any other name was resolved by somebody else, who may be the page that a browser here shows. */
const loopbackHost = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/;

/**
 * Lets in whoever is on this machine, or has the token.
 *
 * A request that a proxy handed on is not from this machine, wherever the proxy runs; so a proxy
 * that says so in its headers must send the token.
 *
 * @throws {AppError} `unauthenticated`
 */
export function demandMetricsAccess(
  request: FastifyRequest,
  token: Secret<string> | undefined,
): void {
  if (isLocal(request)) return;
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (!token || !given || !isSame(given, token.reveal())) throw new AppError('unauthenticated');
}

function isLocal(request: FastifyRequest): boolean {
  const { headers, socket } = request.raw;
  if (headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined) return false;
  return loopbackAddress.test(socket.remoteAddress ?? '') && loopbackHost.test(headers.host ?? '');
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
