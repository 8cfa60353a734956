import type { FastifyRequest } from 'fastify';
import { type Language, languages } from '../../domain/language.ts';

/** The language that the switcher on a page asked for. */
export function requestedLanguage(request: FastifyRequest): Language | undefined {
  // An address that could not be read has no query.
  const { lang } = (request.query ?? {}) as Record<string, unknown>;
  return languages.find((language) => language === lang);
}

/**
 * The first language of an `Accept-Language` header that pages exist in, by weight; English for
 * someone who reads none of them, and the deployment's default for a browser that does not say.
 *
 * @see RFC 9110, 12.5.4
 */
export function acceptedLanguage(header: string | undefined): Language {
  const ranges = (header ?? '').slice(0, 500).split(',').map(parseRange);
  const named = ranges
    .filter(({ weight, tag }) => weight > 0 && tag !== '' && tag !== '*')
    .sort((one, other) => other.weight - one.weight);
  if (named.length === 0) return languages[0];
  const readable = named.map(({ tag }) => languages.find((language) => language === tag));
  return readable.find((language) => language !== undefined) ?? 'en';
}

function parseRange(range: string): { tag: string; weight: number } {
  const [tag = '', ...parameters] = range.trim().toLowerCase().split(';');
  const quality = parameters.map(
    (parameter) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(parameter)?.[1],
  );
  return {
    tag: tag.split('-', 1)[0]?.trim() ?? '',
    weight: Number(quality.find((value) => value !== undefined) ?? 1),
  };
}
