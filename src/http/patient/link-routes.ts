import type { FastifyInstance } from 'fastify';
import { canAsk } from './asker.ts';
import { requestedLanguage } from './page-language.ts';
import { sendNotice, sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { paths } from './paths.ts';
import { landingPage } from './views/landing-page.ts';

const tokenLength = 68;

/**
 * `GET /<token>` moves the link's secret from the address into a cookie and leads to a page whose
 * address says nothing.
 *
 * It changes nothing anywhere else, so mail scanners and previews may fetch it as often as they
 * like. The row is looked up and opened here already: a token of ours whose link does not work gets
 * the answer of one that we never minted, at the same step.
 */
export function addLinkRoutes(app: FastifyInstance, pages: Pages): void {
  const { visits } = pages;

  app.get<{ Params: { token: string } }>('/:token', async (request, reply) => {
    const { token } = request.params;
    const linkSecret = await pages.verifyToken(token);
    const link = linkSecret && (await pages.openLink(linkSecret));
    if (!linkSecret || !link || !canAsk(link)) {
      // Whoever opens a link wants to leave the one before, even when the new one is of no use.
      if (token.length === tokenLength) visits.end(request, reply);
      return pages.sendUnusable(request, reply);
    }
    const language = requestedLanguage(request) ?? link.language;
    await visits.begin({ request, reply }, { linkSecret, language });
    return reply.redirect(paths.landing, 303);
  });

  app.get(paths.landing, async (request, reply) => {
    const visit = await visits.visitOf(request);
    if (!visit) {
      if (await visits.sessionOf(request)) return reply.redirect(paths.details, 303);
      const language = await pages.languageOf(request);
      const kind = visits.isReturning(request) ? 'sessionEnded' : 'cookiesRefused';
      return sendNotice(reply, { status: 200, kind, language });
    }
    const language = requestedLanguage(request) ?? visit.language;
    if (language !== visit.language) await visits.setVisit(reply, { ...visit, language });
    const action = { method: 'get', path: paths.prove } as const;
    return sendPage(reply, 200, landingPage({ language, action }));
  });
}
