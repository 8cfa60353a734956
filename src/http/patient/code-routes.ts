import type { FastifyInstance, FastifyReply } from 'fastify';
import { normaliseCode } from '../../domain/code.ts';
import { Secret } from '../../domain/secret.ts';
import type { CodeSending } from '../../usecases/send-code.ts';
import { formTokenFor } from '../forgery.ts';
import { formField } from '../form-field.ts';
import { onAnswer, onQuestion, type Question } from './asker.ts';
import { sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { paths } from './paths.ts';
import { type Exchange, proveAnswer, sendLocked } from './prove-answer.ts';
import { type CodeError, type CodeNews, codePage } from './views/code-page.ts';
import { otherWays } from './views/other-ways.ts';
import { type OfferProblem, sendCodePage } from './views/send-code-page.ts';

/**
 * A code by SMS: one page with a button that sends it, one with a field that takes it. Opening
 * either sends nothing, however often.
 */
export function addCodeRoutes(app: FastifyInstance, pages: Pages): void {
  const canUse = ({ reachable }: Question) => reachable.includes('code');

  app.get(
    paths.sendCode,
    onQuestion(pages, async (question, { reply }) =>
      canUse(question) ? offerCode(pages, { question, reply }) : reply.redirect(paths.prove, 303),
    ),
  );
  app.post(
    paths.sendCode,
    onAnswer(pages, async (question, { reply }) =>
      canUse(question) ? send(pages, { question, reply }) : reply.redirect(paths.prove, 303),
    ),
  );
  app.get(
    paths.code,
    onQuestion(pages, async (question, { reply }) => {
      if (!canUse(question)) return reply.redirect(paths.prove, 303);
      const hasCode = await pages.hasCode(identityOf(question));
      return hasCode ? askCode({ question, reply }) : reply.redirect(paths.sendCode, 303);
    }),
  );
  app.post(
    paths.code,
    onAnswer(pages, async (question, exchange) =>
      canUse(question)
        ? check(pages, { question, path: paths.code, ...exchange })
        : exchange.reply.redirect(paths.prove, 303),
    ),
  );
}

type Place = Pick<Exchange, 'question' | 'reply'>;

/** The page with the button. */
export async function offerCode(
  pages: Pages,
  { question, reply }: Place,
  problem?: OfferProblem,
): Promise<FastifyReply> {
  const { asker, ways } = question;
  const lock = lockOf(question);
  if (lock) return sendLocked(reply, question, lock);
  const page = sendCodePage({
    language: asker.language,
    problem,
    sendPath: paths.sendCode,
    codePath: (await pages.hasCode(identityOf(question))) ? paths.code : undefined,
    form: formTokenFor(asker),
    ways: otherWays(ways, 'code'),
  });
  return sendPage(reply, 200, page);
}

async function send(pages: Pages, { question, reply }: Place): Promise<FastifyReply> {
  const lock = lockOf(question);
  if (lock) return sendLocked(reply, question, lock);
  const { language } = question.asker;
  const sending = await pages.sendCode({ ...identityOf(question), language });
  if (sending.outcome === 'sent') return reply.redirect(paths.code, 303);
  if (sending.outcome === 'refused') {
    return offerCode(pages, { question, reply }, sending.optedOut ? 'optedOut' : 'refused');
  }
  const news = newsOf(sending.outcome);
  // Someone whose code is under way needs the field more than the button.
  const hasCode = news === 'uncertain' || (await pages.hasCode(identityOf(question)));
  return hasCode
    ? askCode({ question, reply }, { news })
    : offerCode(pages, { question, reply }, news);
}

function newsOf(outcome: Exclude<CodeSending['outcome'], 'sent' | 'refused'>): CodeNews {
  return outcome === 'too_soon' ? 'tooSoon' : outcome;
}

/** The page with the field. */
function askCode(
  { question, reply }: Place,
  { error, news }: { error?: CodeError; news?: CodeNews } = {},
): FastifyReply {
  const { asker, ways } = question;
  const lock = lockOf(question);
  if (lock) return sendLocked(reply, question, lock);
  const page = codePage({
    ...{ language: asker.language, error, news },
    path: paths.code,
    sendPath: paths.sendCode,
    form: formTokenFor(asker),
    ways: otherWays(ways, 'code'),
  });
  return sendPage(reply, 200, page);
}

async function check(pages: Pages, exchange: Exchange): Promise<FastifyReply> {
  const typed = formField(exchange.request, 'code');
  const code = normaliseCode(typed);
  if (code === undefined) {
    return askCode(exchange, { error: typed.trim() === '' ? 'missing' : 'malformed' });
  }
  const { visitId } = identityOf(exchange.question);
  return proveAnswer(pages, exchange, {
    answer: { factor: 'code', code: new Secret(code), visitId },
    askAgain: () => askCode(exchange, { error: 'refused' }),
  });
}

function identityOf({ asker, link }: Question) {
  return { link, visitId: asker.codesId };
}

function lockOf({ link }: Question): { factor: 'code'; helpCode: string } | undefined {
  const helpCode = link.stored.locked.code;
  return helpCode === undefined ? undefined : { factor: 'code', helpCode };
}
