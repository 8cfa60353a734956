import type { FastifyRequest } from 'fastify';

/** A parameter of the address; empty when it is missing or came twice. No text holds NUL. */
export function queryField(request: FastifyRequest, name: string): string {
  const value = (request.query as Record<string, unknown>)[name];
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : '';
}
