import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Secret } from '../domain/secret.ts';
import { formField } from './form-field.ts';

/** A visit or a session, by the secret of its cookie. */
interface FormOwner {
  readonly id: Secret<string>;
}

/** The hidden field's value for one visit or session: whoever cannot read its cookie cannot make it. */
export function formTokenFor({ id }: FormOwner): string {
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

/** Whether a POST carries the form token of its owner, so that it comes from a page of ours. */
export function hasFormToken(request: FastifyRequest, owner: FormOwner): boolean {
  const given = Buffer.from(formField(request, 'form'));
  const expected = Buffer.from(formTokenFor(owner));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/**
 * Whether a POST of a session was made elsewhere. Without a session there is nothing to protect: whoever
 * comes too late is let through to its end.
 */
export function isForged(
  request: FastifyRequest,
  { origin, session }: { origin: string; session: FormOwner | undefined },
): boolean {
  return isForeign(request, origin) || (session !== undefined && !hasFormToken(request, session));
}
