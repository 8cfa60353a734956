import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { limits } from '../../../config/limits.ts';
import type { BegunLogin, PortalProblem } from '../../usecases/portal-login.ts';
import { takeAtLeast, waitForPace } from './answer-floor.ts';
import { onQuestion, type Question } from './asker.ts';
import type { OnceCookie } from './once-cookie.ts';
import { sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { paths } from './paths.ts';
import { otherWays } from './views/other-ways.ts';
import { portalPage } from './views/portal-page.ts';

/** What the browser keeps while somebody is away at a portal. */
export interface PortalVisit extends BegunLogin {
  /** Of the visit that began it. */
  readonly visitId: string;
}

const problems: readonly PortalProblem[] = ['unavailable', 'cancelled', 'refused'];

/**
 * Logging in at a portal: a page that says so, the way there, and the way back.
 *
 * The way there is a link, not a form: the policy of our pages lets forms go nowhere else, and what it
 * changes is one cookie. The way back leads on at once, so that the address with the provider's code
 * is in no history and nothing can be done twice with it.
 */
export function addPortalRoutes(
  app: FastifyInstance,
  pages: Pages,
  cookie: OnceCookie<PortalVisit>,
): void {
  const canUse = ({ reachable }: Question) => reachable.includes('portal');

  app.get(
    paths.provePortal,
    onQuestion(pages, async (question, { request, reply }) =>
      canUse(question)
        ? askForPortal({ question, reply }, problemIn(request))
        : reply.redirect(paths.prove, 303),
    ),
  );

  app.get(
    paths.portalStart,
    onQuestion(pages, async (question, { reply }) => {
      if (!canUse(question)) return reply.redirect(paths.prove, 303);
      const { asker, link } = question;
      const begun = await pages.portal.begin({ link, language: asker.language });
      if ('problem' in begun) return sendBack(reply, begun.problem);
      const expiresAt = new Date(pages.now() + limits.portalLoginMinutes * 60_000);
      await cookie.set(reply, { ...begun.login, visitId: asker.id.reveal() }, { expiresAt });
      return reply.redirect(begun.url, 303);
    }),
  );

  const end = async (request: FastifyRequest, reply: FastifyReply) => {
    const login = await cookie.take(request, reply);
    return onQuestion(pages, async (question) => {
      const { asker, link } = question;
      if (!canUse(question)) return reply.redirect(paths.prove, 303);
      const source = pages.sourceOf(request.ip);
      await waitForPace(pages, request, reply);
      const [path = '', query = ''] = splitOnce(request.url, '?');
      // Of another visit, or of none: somebody else's way back.
      const isOwn = login?.visitId === asker.id.reveal();
      const ended =
        login && isOwn
          ? await pages.portal.finish({ link, login, path, query })
          : ({ problem: 'refused' } as const);
      if ('problem' in ended && ended.problem === 'refused') pages.pace.noteWrong(source);
      await takeAtLeast(pages, reply);
      if ('problem' in ended) return sendBack(reply, ended.problem);
      const { appointmentId } = link.stored;
      await pages.visits.prove(reply, asker, {
        ...{ appointmentId, tier: ended.tier },
        factor: 'portal',
      });
      return reply.redirect(paths.details, 303);
    })(request, reply);
  };
  app.get(paths.portalReturn, end);
  app.get(`${paths.portalReturn}/:organisation`, end);

  app.get(paths.portalKeys, async (_request, reply) =>
    reply.send({ keys: await pages.portal.publicKeys() }),
  );
}

/** The page with the way to the portal. */
export function askForPortal(
  { question, reply }: { question: Question; reply: FastifyReply },
  problem?: PortalProblem,
): FastifyReply {
  const { asker, ways } = question;
  const page = portalPage({
    ...{ language: asker.language, problem },
    startPath: paths.portalStart,
    ways: otherWays(ways, 'portal'),
  });
  return sendPage(reply, 200, page);
}

function sendBack(reply: FastifyReply, problem: PortalProblem): FastifyReply {
  return reply.redirect(`${paths.provePortal}?problem=${problem}`, 303);
}

function problemIn(request: FastifyRequest): PortalProblem | undefined {
  const { problem } = request.query as Record<string, unknown>;
  return problems.find((one) => one === problem);
}

function splitOnce(text: string, mark: string): [string, string] {
  const place = text.indexOf(mark);
  return place < 0 ? [text, ''] : [text.slice(0, place), text.slice(place + 1)];
}
