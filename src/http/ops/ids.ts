import type { FastifyRequest } from 'fastify';
import { AppError } from '../../domain/errors.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function isId(text: string): boolean {
  return uuid.test(text);
}

/** @throws {AppError} `not_found` for an address that holds no id */
export function idIn(request: FastifyRequest): string {
  const { id = '' } = request.params as { id?: string };
  if (!isId(id)) throw new AppError('not_found');
  return id;
}
