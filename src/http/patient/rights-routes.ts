import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { everything } from '../../domain/tiers.ts';
import type { ToldErasure } from '../../usecases/erase-for-recipient.ts';
import type { OpenedLink } from '../../usecases/open-link.ts';
import { formTokenFor, isForged } from '../forgery.ts';
import { formField } from '../form-field.ts';
import { requestedLanguage } from './page-language.ts';
import { sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { passkeyOwnerFor } from './passkey-routes.ts';
import { paths } from './paths.ts';
import { erasedPage, erasePage, keepPasskeys } from './views/erase-page.ts';
import { heldPage } from './views/held-page.ts';
import type { Session } from './visits.ts';

/** What a recipient who proved to be one may ask of us: what is held, a copy of it, and its end. */
export function addRightsRoutes(app: FastifyInstance, pages: Pages): void {
  const { visits, rights } = pages;

  /** The session and its link, for who may see everything; else the answer was given. */
  async function admit(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ session: Session; link: OpenedLink } | undefined> {
    const session = await visits.sessionOf(request);
    if (!session || session.tier < everything) {
      reply.redirect(paths.details, 303);
      return undefined;
    }
    const link = await pages.openLink(session.linkSecret);
    if (link?.stored.appointmentId === session.appointmentId) return { session, link };
    await sendErased(request, reply, session);
    return undefined;
  }

  /** The end of an erasure: of this one, or the same once more for who pressed twice or lost the answer. */
  async function sendErased(
    request: FastifyRequest,
    reply: FastifyReply,
    session: Session,
    now?: ToldErasure,
  ) {
    const erased = now ?? (await rights.findErasure(session));
    if (!erased) return pages.sendUnusable(request, reply);
    visits.end(request, reply);
    return sendPage(reply, 200, erasedPage({ language: session.language, ...erased }));
  }

  async function passkeysFor(link: OpenedLink, session: Session) {
    const owner = passkeyOwnerFor(link, session);
    return owner ? pages.passkeys.list(owner) : [];
  }

  async function readHeld({ link, session }: { link: OpenedLink; session: Session }) {
    const passkeys = await passkeysFor(link, session);
    return rights.readHeld({ link, tier: session.tier, passkeys });
  }

  const isRefused = async (request: FastifyRequest) =>
    isForged(request, { origin: pages.patientUrl, session: await visits.sessionOf(request) });

  async function showAsAsked(request: FastifyRequest, reply: FastifyReply, session: Session) {
    const language = requestedLanguage(request) ?? session.language;
    return visits.refresh(reply, { ...session, language });
  }

  app.get(paths.held, async (request, reply) => {
    const admitted = await admit(request, reply);
    if (!admitted) return reply;
    const { link, session } = admitted;
    const held = await readHeld(admitted);
    if (!held) return pages.sendUnusable(request, reply);
    const shown = await showAsAsked(request, reply, session);
    const { language } = shown;
    const { startsAt } = link.stored;
    return sendPage(reply, 200, heldPage({ language, held, startsAt, form: formTokenFor(shown) }));
  });

  app.post(paths.held, async (request, reply) => {
    if (await isRefused(request)) return pages.sendFormRefused(request, reply);
    const admitted = await admit(request, reply);
    if (!admitted) return reply;
    const { session } = admitted;
    const held = await readHeld(admitted);
    if (!held) return pages.sendUnusable(request, reply);
    await visits.refresh(reply, session);
    return reply
      .type('application/json; charset=utf-8')
      .header('content-disposition', 'attachment; filename="reminder.json"')
      .send(`${JSON.stringify(held, null, 2)}\n`);
  });

  app.get(paths.erase, async (request, reply) => {
    const admitted = await admit(request, reply);
    if (!admitted) return reply;
    const shown = await showAsAsked(request, reply, admitted.session);
    const { language } = shown;
    const passkeys = await passkeysFor(admitted.link, admitted.session);
    const hasPasskeys = passkeys.length > 0;
    return sendPage(reply, 200, erasePage({ language, hasPasskeys, form: formTokenFor(shown) }));
  });

  app.post(paths.erase, async (request, reply) => {
    if (await isRefused(request)) return pages.sendFormRefused(request, reply);
    const admitted = await admit(request, reply);
    if (!admitted) return reply;
    const answer = formField(request, 'answer');
    if (answer !== 'erase' && answer !== keepPasskeys) return reply.redirect(paths.erase, 303);
    const { link, session } = admitted;
    const { linkSecret } = session;
    const passkeysOf = answer === 'erase' ? passkeyOwnerFor(link, session) : undefined;
    const erased = await rights.erase({ linkSecret, passkeysOf });
    return sendErased(request, reply, session, erased);
  });
}
