import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Factor } from '../../domain/factor.ts';
import type { Answer } from '../../usecases/prove-recipient.ts';
import { takeAtLeast } from './answer-floor.ts';
import type { Question } from './asker.ts';
import { sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { paths } from './paths.ts';
import { lockedPage } from './views/locked-page.ts';
import { otherWays } from './views/other-ways.ts';

/** A question that someone is at, with the request that brought them there. */
export interface Exchange {
  readonly question: Question;
  /** Where the page stands, and its form goes. */
  readonly path: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/**
 * Checks an answer, and takes as long for every one: right, wrong, paused, locked, or too late.
 *
 * @param askAgain the page that says that it did not work, and never why
 */
export async function proveAnswer(
  pages: Pages,
  { question, request, reply }: Exchange,
  { answer, askAgain }: { answer: Answer; askAgain: () => FastifyReply },
): Promise<FastifyReply> {
  const { asker, link } = question;
  const source = pages.sourceOf(request.ip);
  const { linkSecret } = asker;
  const proof = await pages.proveRecipient({ link, linkSecret, answer, source });
  if (proof.outcome !== 'proved') pages.pace.noteWrong(source);
  await takeAtLeast(pages, reply);
  switch (proof.outcome) {
    case 'proved': {
      if (proof.tier === 0) {
        await pages.visits.noteBirthDate(reply, asker);
        return reply.redirect(paths.prove, 303);
      }
      const { appointmentId } = link.stored;
      await pages.visits.prove(reply, asker, {
        ...{ appointmentId, tier: proof.tier },
        factor: answer.factor,
      });
      return reply.redirect(paths.details, 303);
    }
    case 'refused':
      return askAgain();
    case 'locked':
      return sendLocked(reply, question, { factor: answer.factor, helpCode: proof.helpCode });
  }
}

/** The page of a locked factor, with the ways that are still open. */
export function sendLocked(
  reply: FastifyReply,
  { asker, ways }: Question,
  { factor, helpCode }: { factor: Factor; helpCode: string },
): FastifyReply {
  const { language } = asker;
  return sendPage(reply, 200, lockedPage({ language, helpCode, ways: otherWays(ways, factor) }));
}
