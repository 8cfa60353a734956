import type { FastifyRequest } from 'fastify';
import { paths } from './paths.ts';
import { queryField } from './query-field.ts';

const mark = ['by', 'itself'] as const;

/** The address that a page asks for itself again by, so that nobody is taken to have clicked. */
export function byItself(address: string): string {
  const { pathname, searchParams } = new URL(address, 'http://here');
  searchParams.set(...mark);
  return `${pathname}?${searchParams}`;
}

/** Whether a page of ours asks, and nobody clicked: one that asks for itself again, or the board, which polls. */
export function isByItself(request: FastifyRequest): boolean {
  const { url = '' } = request.routeOptions;
  const [name, value] = mark;
  const isBoards = [`${paths.queues}/api/`, `${paths.queues}/static/`].some((place) =>
    url.startsWith(place),
  );
  return request.method === 'GET' && (isBoards || queryField(request, name) === value);
}
