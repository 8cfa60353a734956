import type { FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import { type OpsRole, roleAllows } from '../../domain/ops-role.ts';

/** Whoever is signed in. */
export interface OpsVisitor {
  readonly userId: string;
  readonly name: string;
  readonly role: OpsRole;
  readonly sessionId: string;
  /** Goes into every form of a page made for them. */
  readonly formToken: string;
}

const visitors = new WeakMap<FastifyRequest, OpsVisitor>();

export function rememberVisitor(request: FastifyRequest, visitor: OpsVisitor): void {
  visitors.set(request, visitor);
}

/** @throws {AppError} `unauthenticated` on a route that no session gate guards */
export function visitorOf(request: FastifyRequest): OpsVisitor {
  const visitor = visitors.get(request);
  if (!visitor) throw new AppError('unauthenticated');
  return visitor;
}

/** @throws {AppError} `forbidden` */
export function demandRole(request: FastifyRequest, needed: OpsRole): OpsVisitor {
  const visitor = visitorOf(request);
  if (!roleAllows(visitor.role, needed)) throw new AppError('forbidden');
  return visitor;
}
