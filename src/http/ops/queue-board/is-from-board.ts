import type { FastifyRequest } from 'fastify';

/**
 * Whether a change comes from a page of ours.
 *
 * The board's script knows no form token, so that, other than for a form, saying nothing is not
 * enough: every browser that can run it says where a request comes from.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function isFromBoard(request: FastifyRequest, opsUrl: string): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined) return site === 'same-origin';
  return origin === new URL(opsUrl).origin;
}
