import type { FastifyReply, FastifyRequest } from 'fastify';
import { readBirthDate, type TypedBirthDate } from '../../domain/birth-date.ts';
import { Secret } from '../../domain/secret.ts';
import { formTokenFor } from '../forgery.ts';
import { formField } from '../form-field.ts';
import { sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { type Exchange, proveAnswer, sendLocked } from './prove-answer.ts';
import { type BirthDateError, birthDatePage } from './views/birth-date-page.ts';
import { otherWays } from './views/other-ways.ts';

/**
 * Asks for the birth date.
 *
 * @param mend what was typed, where it only has to be mended; a wrong date is not shown again
 */
export function askBirthDate(
  { question, path, reply }: Omit<Exchange, 'request'>,
  { error, mend }: { error?: BirthDateError; mend?: TypedBirthDate } = {},
): FastifyReply {
  const { asker, link, ways } = question;
  const factor = 'birth_date';
  const helpCode = link.stored.locked[factor];
  if (helpCode !== undefined) return sendLocked(reply, question, { factor, helpCode });
  const page = birthDatePage({
    ...{ language: asker.language, path, error, typed: mend },
    form: formTokenFor(asker),
    ways: otherWays(ways, factor),
  });
  return sendPage(reply, 200, page);
}

/** Checks a typed birth date. What can be none is asked for again and counts nothing. */
export async function checkBirthDate(pages: Pages, exchange: Exchange): Promise<FastifyReply> {
  const typed = typedBirthDate(exchange.request);
  const read = readBirthDate(typed, Temporal.Instant.fromEpochMilliseconds(pages.now()));
  if ('problem' in read) return askBirthDate(exchange, { error: read.problem, mend: typed });
  return proveAnswer(pages, exchange, {
    answer: { factor: 'birth_date', birthDate: new Secret(read.date) },
    askAgain: () => askBirthDate(exchange, { error: 'refused' }),
  });
}

/** Whether a form has the fields of a birth date, empty ones included. */
export function holdsBirthDate(request: FastifyRequest): boolean {
  const fields = (request.body ?? {}) as Record<string, unknown>;
  return ['birth-day', 'birth-month', 'birth-year'].some((name) => name in fields);
}

function typedBirthDate(request: FastifyRequest): TypedBirthDate {
  return {
    day: formField(request, 'birth-day'),
    month: formField(request, 'birth-month'),
    year: formField(request, 'birth-year'),
  };
}
