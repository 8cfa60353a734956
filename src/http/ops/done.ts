import type { FastifyRequest } from 'fastify';
import { queryField } from './query-field.ts';

const shownForMs = 60_000;

/** An address that says what was just done, for as long as that is news. */
export function addressWith(path: string, said: Readonly<Record<string, string>>): string {
  return `${path}?${new URLSearchParams({ at: String(Date.now()), ...said })}`;
}

/** What such an address says; empty once it is old: a page that is loaded again later tells how it is now. */
export function justSaid(request: FastifyRequest, name: string): string {
  const ageMs = Date.now() - Number(queryField(request, 'at') || Number.NaN);
  return Math.abs(ageMs) < shownForMs ? queryField(request, name) : '';
}

/** What was just done in words; an address may say what is none of these, which says nothing. */
export function doneIn(
  request: FastifyRequest,
  texts: Readonly<Record<string, string>>,
): string | undefined {
  const said = justSaid(request, 'done');
  return Object.hasOwn(texts, said) ? texts[said] : undefined;
}
