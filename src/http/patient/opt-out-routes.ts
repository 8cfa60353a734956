import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Channel, channels } from '../../domain/channel.ts';
import type { Language } from '../../domain/language.ts';
import { formTokenFor, isForged } from '../forgery.ts';
import { formField } from '../form-field.ts';
import { requestedLanguage } from './page-language.ts';
import { sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { paths } from './paths.ts';
import { optOutDonePage, optOutPage } from './views/opt-out-page.ts';

/** Stops messages: after proof, and for whoever holds the token of an email's header. */
export async function addOptOutRoutes(app: FastifyInstance, pages: Pages): Promise<void> {
  addSessionRoutes(app, pages);
  await addTokenRoutes(app, pages);

  app.get<{ Params: { channel: string } }>(`${paths.stopped}/:channel`, async (request, reply) => {
    const channel = channels.find((one) => one === request.params.channel);
    if (!channel) return pages.sendUnusable(request, reply);
    const session = await pages.visits.sessionOf(request);
    const language = await pages.languageOf(request);
    const detailsPath = session && paths.details;
    return sendDone(reply, pages, { language, channel, detailsPath });
  });
}

/** The contact point that the session's own link went to, and no other. */
function addSessionRoutes(app: FastifyInstance, pages: Pages): void {
  const { visits } = pages;

  app.get(paths.stop, async (request, reply) => {
    const session = await visits.sessionOf(request);
    if (!session) return reply.redirect(paths.details, 303);
    const link = await pages.openLink(session.linkSecret);
    if (!link) return pages.sendUnusable(request, reply);
    const language = requestedLanguage(request) ?? session.language;
    const refreshed = await visits.refresh(reply, { ...session, language });
    const { channel } = link.sentTo;
    const form = formTokenFor(refreshed);
    const page = { language, channel, path: paths.stop, form, backPath: paths.details };
    return sendPage(reply, 200, optOutPage(page));
  });

  app.post(paths.stop, async (request, reply) => {
    const session = await visits.sessionOf(request);
    const { patientUrl: origin } = pages;
    if (isForged(request, { origin, session })) return pages.sendFormRefused(request, reply);
    // Nothing was stopped, and the page there says that the session is over.
    if (!session) return reply.redirect(paths.details, 303);
    const link = await pages.openLink(session.linkSecret);
    if (!link) return pages.sendUnusable(request, reply);
    if (formField(request, 'answer') !== 'stop') return reply.redirect(paths.stop, 303);
    await pages.optOut.record(link.sentTo);
    await visits.refresh(reply, session);
    return redirectToDone(reply, { channel: link.sentTo.channel, language: session.language });
  });
}

/**
 * `GET /stop/<token>` has no effect, for mail scanners fetch it. A POST is believed from anywhere,
 * without cookie or form token: the token is the authority, and all that it can do is to stop.
 *
 * @see RFC 8058, 3.1 and 3.2
 */
async function addTokenRoutes(app: FastifyInstance, pages: Pages): Promise<void> {
  // In a scope of its own: a body of any type is looked at here, since mail services send two.
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'string' },
      async (_: unknown, body: unknown) => body,
    );
    const path = `${paths.stop}/:token`;

    scope.get<{ Params: { token: string } }>(path, async (request, reply) => {
      const { token } = request.params;
      const claim = await pages.optOut.openToken(token);
      if (!claim) return pages.sendUnusable(request, reply);
      return sendQuestion(pages, { request, reply, token, channel: claim.channel });
    });

    scope.post<{ Params: { token: string } }>(path, async (request, reply) => {
      const { token } = request.params;
      const claim = await pages.optOut.openToken(token);
      if (!claim) return pages.sendUnusable(request, reply);
      const { channel } = claim;
      const pressed = pressedIn(request.body);
      if (!pressed) return sendQuestion(pages, { request, reply, token, channel });
      await pages.optOut.recordClaim(claim);
      const language = await pages.languageOf(request);
      // A mail service follows no redirect, a person's browser would offer to send the form again.
      return pressed === 'one_click'
        ? sendDone(reply, pages, { language, channel })
        : redirectToDone(reply, { channel, language });
    });
  });
}

async function sendQuestion(
  pages: Pages,
  input: { request: FastifyRequest; reply: FastifyReply; token: string; channel: Channel },
): Promise<FastifyReply> {
  const { request, reply, token, channel } = input;
  const language = await pages.languageOf(request);
  const path = `${paths.stop}/${token}?lang=${language}`;
  return sendPage(reply, 200, optOutPage({ language, channel, path }));
}

function sendDone(
  reply: FastifyReply,
  { check }: Pages,
  done: { language: Language; channel: Channel; detailsPath?: string | undefined },
): FastifyReply {
  return sendPage(reply, 200, optOutDonePage({ ...done, canReply: check.optOut }));
}

function redirectToDone(
  reply: FastifyReply,
  { channel, language }: { channel: Channel; language: Language },
): FastifyReply {
  return reply.redirect(`${paths.stopped}/${channel}?lang=${language}`, 303);
}

/**
 * Who pressed: a mail service, whose form comes as `multipart/form-data` or URL-encoded, or a person
 * on our page. A bare POST, as some scanners send, presses nothing.
 */
function pressedIn(body: unknown): 'one_click' | 'button' | undefined {
  const text = typeof body === 'string' ? body : '';
  if (/List-Unsubscribe[\s\S]{1,200}One-Click/i.test(text)) return 'one_click';
  return new URLSearchParams(text).get('answer') === 'stop' ? 'button' : undefined;
}
