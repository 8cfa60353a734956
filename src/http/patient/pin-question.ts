import type { FastifyReply } from 'fastify';
import { normalisePin } from '../../domain/pin.ts';
import { Secret } from '../../domain/secret.ts';
import { formTokenFor } from '../forgery.ts';
import { formField } from '../form-field.ts';
import { sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { type Exchange, proveAnswer, sendLocked } from './prove-answer.ts';
import { otherWays } from './views/other-ways.ts';
import { type PinError, provePinPage } from './views/prove-page.ts';

/** Asks for the PIN. */
export function askPin(
  { question, path, reply }: Omit<Exchange, 'request'>,
  error?: PinError,
): FastifyReply {
  const { asker, link, ways } = question;
  const helpCode = link.stored.locked.pin;
  if (helpCode !== undefined) return sendLocked(reply, question, { factor: 'pin', helpCode });
  const page = provePinPage({
    ...{ language: asker.language, path, error },
    form: formTokenFor(asker),
    ways: otherWays(ways, 'pin'),
  });
  return sendPage(reply, 200, page);
}

/** Checks a typed PIN. What can be none is asked for again and counts nothing. */
export async function checkPin(pages: Pages, exchange: Exchange): Promise<FastifyReply> {
  const typed = formField(exchange.request, 'pin');
  const pin = normalisePin(typed);
  if (pin === undefined) return askPin(exchange, typed.trim() === '' ? 'missing' : 'malformed');
  return proveAnswer(pages, exchange, {
    answer: { factor: 'pin', pin: new Secret(pin) },
    askAgain: () => askPin(exchange, 'refused'),
  });
}
