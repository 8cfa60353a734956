import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { LinkVisit } from './visits.ts';

/** The hidden field's value for one visit or session: whoever cannot read its cookie cannot make it. */
export function formTokenFor({ id }: Pick<LinkVisit, 'id'>): string {
  return createHmac('sha256', id.reveal()).update('sotto/form/1').digest('base64url');
}

/**
 * Whether a POST says that it comes from another site.
 *
 * Old browsers send neither `Origin` nor `Sec-Fetch-Site`, and our own `no-referrer` makes newer
 * ones send `Origin: null`, so both count only when they name somebody else.
 *
 * @see https://fetch.spec.whatwg.org/#append-a-request-origin-header
 */
export function isForeign(request: FastifyRequest, ownOrigin: string): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (origin !== undefined && origin !== 'null' && origin !== ownOrigin) return true;
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** Whether a POST carries the form token of this visit, so that it comes from a page of ours. */
export function hasFormToken(request: FastifyRequest, visit: Pick<LinkVisit, 'id'>): boolean {
  const given = Buffer.from(formField(request, 'form'));
  const expected = Buffer.from(formTokenFor(visit));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** A field of the posted form; empty when it is missing or came twice. */
export function formField(request: FastifyRequest, name: string): string {
  const value = (request.body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}
