import type { FastifyInstance } from 'fastify';
import { limits } from '../../../config/limits.ts';
import { waysToProve } from '../../domain/factor.ts';
import { everything } from '../../domain/tiers.ts';
import { rightsTextsIn } from '../../texts/catalogue.ts';
import type { OpenedLink } from '../../usecases/open-link.ts';
import { showDetails, showTime } from '../../usecases/show-details.ts';
import { formTokenFor, isForged } from '../forgery.ts';
import { requestedLanguage } from './page-language.ts';
import { sendNotice, sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { passkeyOwnerFor } from './passkey-routes.ts';
import { paths } from './paths.ts';
import { detailsPage, type SessionControls } from './views/details-page.ts';
import { otherWays } from './views/other-ways.ts';
import { timePage } from './views/time-page.ts';
import type { Session } from './visits.ts';

const minuteMs = 60_000;

/** What a patient sees after the proof, and the ways out of it. */
export function addDetailsRoutes(app: FastifyInstance, pages: Pages): void {
  const { visits } = pages;

  const { patientUrl: origin } = pages;

  app.get(paths.details, async (request, reply) => {
    const session = await visits.sessionOf(request);
    if (!session) {
      const language = await pages.languageOf(request);
      return sendNotice(reply, { status: 200, kind: 'sessionEnded', language });
    }
    const link = await pages.openLink(session.linkSecret);
    // The session is for one appointment: should its link ever lead to another, it leads nowhere.
    const isSame = link?.stored.appointmentId === session.appointmentId;
    if (!link || !isSame) return pages.sendUnusable(request, reply);
    const language = requestedLanguage(request) ?? session.language;
    const refreshed = await visits.refresh(reply, { ...session, language });
    const controls = {
      ...controlsOf(refreshed, pages.now()),
      ...(passkeyOwnerFor(link, refreshed) && { passkeysPath: paths.passkeys }),
    };
    const page = pageOf(link, refreshed, controls);
    return page === undefined ? pages.sendUnusable(request, reply) : sendPage(reply, 200, page);
  });

  app.post(paths.moreTime, async (request, reply) => {
    const session = await visits.sessionOf(request);
    if (isForged(request, { origin, session })) return pages.sendFormRefused(request, reply);
    if (session) await visits.refresh(reply, session);
    return reply.redirect(paths.details, 303);
  });

  app.post(paths.leave, async (request, reply) => {
    const session = await visits.sessionOf(request);
    if (isForged(request, { origin, session })) return pages.sendFormRefused(request, reply);
    visits.end(request, reply);
    const suffix = session ? `?lang=${session.language}` : '';
    return reply
      .header('clear-site-data', '"cache", "cookies", "storage"')
      .redirect(`${paths.left}${suffix}`, 303);
  });

  // The language links of a refused form lead here.
  app.get(paths.moreTime, async (_request, reply) => reply.redirect(paths.details, 303));
  app.get(paths.leave, async (_request, reply) => reply.redirect(paths.details, 303));

  app.get(paths.left, async (request, reply) => {
    const language = await pages.languageOf(request);
    return sendNotice(reply, { status: 200, kind: 'left', language });
  });
}

/** What the session's proof opens of a link: everything, or when it is, with the ways to the rest. */
function pageOf(
  link: OpenedLink,
  { language, tier }: Session,
  session: SessionControls,
): string | undefined {
  const appointment = showDetails(link, tier);
  if (appointment) return detailsPage({ language, appointment, session });
  const time = showTime(link, tier);
  const { factors: offered, factorRules, stored } = link;
  const { portal } = factorRules;
  const ways = otherWays(
    waysToProve({ offered, portal, locked: stored.locked, birthDateProved: true }),
    undefined,
  );
  return time && timePage({ language, appointment: time, ways, session });
}

function controlsOf(session: Session, nowMs: number): SessionControls {
  const endsInMinutes = Math.max(1, Math.round((session.idleEndsAtMs - nowMs) / minuteMs));
  return {
    form: formTokenFor(session),
    leavePath: paths.leave,
    moreTimePath: paths.moreTime,
    stopPath: paths.stop,
    held:
      session.tier >= everything
        ? { path: paths.held, label: rightsTextsIn(session.language).link }
        : undefined,
    endsInMinutes,
    extendable: session.endsAtMs - nowMs > limits.sessionIdleMinutes * minuteMs,
  };
}
