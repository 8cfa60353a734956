import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { normalisePin } from '../../domain/pin.ts';
import { Secret } from '../../domain/secret.ts';
import type { PageLanguage } from '../../texts/catalogue.ts';
import type { OpenedLink } from '../../usecases/open-link.ts';
import { formField, formTokenFor, hasFormToken, isForeign } from './forgery.ts';
import { requestedLanguage } from './page-language.ts';
import { sendNotice, sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { paths } from './paths.ts';
import { lockedPage } from './views/locked-page.ts';
import { type ProveError, provePinPage } from './views/prove-page.ts';
import type { LinkVisit } from './visits.ts';

/** Asks who is there, and checks the answer. */
export function addProveRoutes(app: FastifyInstance, pages: Pages): void {
  const { visits } = pages;

  app.get(paths.prove, async (request, reply) => {
    const visit = await visits.visitOf(request);
    if (!visit) return sendVisitOver(pages, request, reply);
    const link = await pages.openLink(visit.linkSecret);
    if (!link || !canAsk(link)) return pages.sendUnusable(request, reply);
    const language = requestedLanguage(request) ?? visit.language;
    if (language !== visit.language) await visits.setVisit(reply, { ...visit, language });
    return sendQuestion(reply, { visit, link, language });
  });

  app.post(paths.prove, async (request, reply) => {
    const visit = await visits.visitOf(request);
    if (isForeign(request, pages.patientUrl) || !visit || !hasFormToken(request, visit)) {
      return pages.sendFormRefused(request, reply);
    }
    return answerProof(pages, { request, reply, visit });
  });
}

/** Whether a page exists that could open this link: a later version may have dropped its PIN. */
export function canAsk({ factors }: OpenedLink): boolean {
  return factors.includes('pin');
}

async function answerProof(
  pages: Pages,
  { request, reply, visit }: { request: FastifyRequest; reply: FastifyReply; visit: LinkVisit },
): Promise<FastifyReply> {
  const { language } = visit;
  const typed = formField(request, 'pin');
  const source = pages.sourceOf(request.ip);
  await pages.pace.wait(source);

  const link = await pages.openLink(visit.linkSecret);
  if (!link || !canAsk(link)) return pages.sendUnusable(request, reply);
  const pin = normalisePin(typed);
  if (pin === undefined) {
    const error = typed.trim() === '' ? 'missing' : 'malformed';
    return sendQuestion(reply, { visit, link, language, error });
  }

  const proof = await pages.proveRecipient({ link, pin: new Secret(pin), source });
  if (proof.outcome !== 'proved') pages.pace.noteWrong(source);
  await sleep(Math.max(0, pages.answerFloorMs - reply.elapsedTime));
  switch (proof.outcome) {
    case 'proved': {
      const { appointmentId } = link.stored;
      await pages.visits.prove(reply, visit, { appointmentId, tier: proof.tier });
      return reply.redirect(paths.details, 303);
    }
    case 'refused':
      return sendQuestion(reply, { visit, link, language, error: 'refused' });
    case 'locked':
      return sendPage(reply, 200, lockedPage({ language, helpCode: proof.helpCode }));
  }
}

function sendQuestion(
  reply: FastifyReply,
  input: { visit: LinkVisit; link: OpenedLink; language: PageLanguage; error?: ProveError },
): FastifyReply {
  const { visit, link, language, error } = input;
  const helpCode = link.stored.locked.pin;
  if (helpCode !== undefined) return sendPage(reply, 200, lockedPage({ language, helpCode }));
  const form = formTokenFor(visit);
  return sendPage(reply, 200, provePinPage({ language, path: paths.prove, form, error }));
}

/** Back at the question without a visit: to the details if there is a session, else the end. */
async function sendVisitOver(
  pages: Pages,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (await pages.visits.sessionOf(request)) return reply.redirect(paths.details, 303);
  const language = await pages.languageOf(request);
  return sendNotice(reply, { status: 200, kind: 'sessionEnded', language });
}
