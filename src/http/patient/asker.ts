import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Factor, reachableFactors, waysToProve } from '../../domain/factor.ts';
import { everything } from '../../domain/tiers.ts';
import type { OpenedLink } from '../../usecases/open-link.ts';
import { hasFormToken, isForeign } from '../forgery.ts';
import { waitForPace } from './answer-floor.ts';
import { requestedLanguage } from './page-language.ts';
import { sendNotice } from './page-server.ts';
import type { Pages } from './pages.ts';
import { paths } from './paths.ts';
import type { LinkVisit, Session, Visits } from './visits.ts';

/** Someone who may still prove something: behind a link, or after a birth date that opened the time. */
export type Asker = LinkVisit | Session;

/** Whoever is at a question, with the link that is asked about. */
export interface Question {
  readonly asker: Asker;
  readonly link: OpenedLink;
  /** What can be proved now, the strongest first; locked factors included. */
  readonly reachable: readonly Factor[];
  /** Likewise, without them. */
  readonly ways: readonly Factor[];
}

type Handler = (
  question: Question,
  exchange: { request: FastifyRequest; reply: FastifyReply },
) => Promise<FastifyReply>;

/** Whether anything opens this link: a later version may have dropped what did. */
export function canAsk({ factors }: OpenedLink): boolean {
  return factors.length > 0;
}

/**
 * A page that asks something: finds out who is there and what the link offers, and remembers the
 * language that the switcher asked for.
 */
export function onQuestion(pages: Pages, handler: Handler) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const found = await askerOf(pages.visits, request);
    if (!found) return sendVisitOver(pages, request, reply);
    const language = requestedLanguage(request) ?? found.language;
    const asker = await remember(pages.visits, reply, { ...found, language }, found);
    const question = await questionOf(pages, asker);
    return question ? handler(question, { request, reply }) : pages.sendUnusable(request, reply);
  };
}

/** A form of such a page: likewise, and only from a page of ours. */
export function onAnswer(pages: Pages, handler: Handler) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const asker = await askerOf(pages.visits, request);
    if (isForeign(request, pages.patientUrl) || !asker || !hasFormToken(request, asker)) {
      return pages.sendFormRefused(request, reply);
    }
    await waitForPace(pages, request, reply);
    const question = await questionOf(pages, asker);
    return question ? handler(question, { request, reply }) : pages.sendUnusable(request, reply);
  };
}

async function askerOf(visits: Visits, request: FastifyRequest): Promise<Asker | undefined> {
  const visit = await visits.visitOf(request);
  if (visit) return visit;
  const session = await visits.sessionOf(request);
  return session && session.tier < everything ? session : undefined;
}

async function questionOf(pages: Pages, asker: Asker): Promise<Question | undefined> {
  const link = await pages.openLink(asker.linkSecret);
  if (!link || !canAsk(link)) return undefined;
  const session = 'tier' in asker ? asker : undefined;
  const birthDateProved = session !== undefined || asker.birthDateProved;
  // A session is for one appointment: should its link ever lead to another, it leads nowhere.
  if (session && session.appointmentId !== link.stored.appointmentId) return undefined;
  const { portal } = link.factorRules;
  const offer = { offered: link.factors, portal, birthDateProved };
  const { locked } = link.stored;
  return {
    ...{ asker, link },
    reachable: reachableFactors(offer),
    ways: waysToProve({ ...offer, locked }),
  };
}

/** A session's idle time begins anew with every page; a visit's cookie is renewed for a language. */
async function remember(visits: Visits, reply: FastifyReply, asker: Asker, before: Asker) {
  if ('tier' in asker) return visits.refresh(reply, asker);
  return asker.language === before.language ? asker : visits.setVisit(reply, asker);
}

/** Back at a question without a visit: to the details if there is a session, else the end. */
async function sendVisitOver(
  pages: Pages,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (await pages.visits.sessionOf(request)) return reply.redirect(paths.details, 303);
  const language = await pages.languageOf(request);
  return sendNotice(reply, { status: 200, kind: 'sessionEnded', language });
}
