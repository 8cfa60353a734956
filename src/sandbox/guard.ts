import { isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
const wildcards = new Set(['0.0.0.0', '::']);

/** Whether a host name, as URLs and `Host` headers write it, is this computer's own. */
export function isLoopback(hostname: string): boolean {
  return loopback.has(hostname.toLowerCase());
}

/** Whether an address to listen on means all of them. */
export function isWildcard(host: string): boolean {
  return wildcards.has(host);
}

/**
 * Keeps other sites that are open in the same browser away from the sandbox.
 *
 * A page elsewhere could point its own name at 127.0.0.1 (DNS rebinding) and read the messages, or
 * post a form here. So names other than ours are refused, and so is every change that a browser
 * says comes from another origin. Programs send none of these headers and pass.
 *
 * @param host the address listened on; on a wildcard, any address literal is ours
 * @param names further host names to answer to, as in a compose network
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function createGuard(host: string, names: readonly string[]) {
  const ours = new Set([host, ...names].map((name) => name.toLowerCase()));

  function isOurName(header: string | undefined): boolean {
    if (header === undefined || !URL.canParse(`http://${header}`)) return false;
    const { hostname } = new URL(`http://${header}`);
    const bare = hostname.replace(/^\[|\]$/g, '');
    if (isLoopback(hostname) || ours.has(hostname) || ours.has(bare)) return true;
    return isWildcard(host) && isIP(bare) !== 0;
  }

  function isOwnPage(request: FastifyRequest): boolean {
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined) return site === 'same-origin' || site === 'none';
    const { origin } = request.headers;
    return origin === undefined || origin === `http://${request.headers.host}`;
  }

  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.headers(headers);
    const changes = request.method !== 'GET' && request.method !== 'HEAD';
    if (!isOurName(request.headers.host)) {
      reply.code(421).type('text/plain').send('The sandbox does not go by that name.\n');
    } else if (changes && !isOwnPage(request)) {
      reply.code(403).type('text/plain').send('Only the sandbox itself may do that.\n');
    }
  };
}

const headers = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "frame-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};
