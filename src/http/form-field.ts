import type { FastifyRequest } from 'fastify';

/** A field of the posted form; empty when it is missing or came twice. No text holds NUL. */
export function formField(request: FastifyRequest, name: string): string {
  const value = (request.body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : '';
}
