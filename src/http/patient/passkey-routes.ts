import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Secret } from '../../domain/secret.ts';
import { everything } from '../../domain/tiers.ts';
import { textsIn } from '../../texts/catalogue.ts';
import type { OpenedLink } from '../../usecases/open-link.ts';
import { formTokenFor, isForged } from '../forgery.ts';
import { formField } from '../form-field.ts';
import { onAnswer, onQuestion } from './asker.ts';
import type { OnceCookie } from './once-cookie.ts';
import { requestedLanguage } from './page-language.ts';
import type { Pages } from './pages.ts';
import {
  askForPasskey,
  checkPasskey,
  type PasskeyVisit,
  questionEndsAt,
  sendPasskeyPage,
} from './passkey-question.ts';
import { paths } from './paths.ts';
import { passkeyScript } from './script.ts';
import type { PasskeysNews } from './views/passkeys-page.ts';
import { passkeysPage } from './views/passkeys-page.ts';
import type { Session } from './visits.ts';

/** Someone who may see and change the passkeys of the person behind a link. */
interface Keeper {
  readonly session: Session;
  readonly owner: NonNullable<OpenedLink['passkeyOwner']>;
}

/**
 * Whose passkeys somebody may make, see and remove: their own, once they proved enough to see everything,
 * but never who knew a birth date and nothing else, whatever that opens here.
 */
export function passkeyOwnerFor(
  link: OpenedLink,
  { tier, factor }: Session,
): OpenedLink['passkeyOwner'] {
  return tier >= everything && factor !== 'birth_date' ? link.passkeyOwner : undefined;
}

/** Passkeys: to prove with one, and to make, see and remove them after proof. */
export function addPasskeyRoutes(
  app: FastifyInstance,
  pages: Pages,
  cookie: OnceCookie<PasskeyVisit>,
): void {
  const { visits } = pages;

  app.get(passkeyScript.path, async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(passkeyScript.body),
  );
  app.get(
    paths.provePasskey,
    onQuestion(pages, async (question, { reply }) =>
      question.reachable.includes('passkey')
        ? askForPasskey(pages, cookie, { question, reply })
        : reply.redirect(paths.prove, 303),
    ),
  );
  app.post(
    paths.provePasskey,
    onAnswer(pages, async (question, exchange) =>
      question.reachable.includes('passkey')
        ? checkPasskey(pages, cookie, { question, ...exchange })
        : exchange.reply.redirect(paths.prove, 303),
    ),
  );

  /** Whoever is not one is led to where they belong. */
  async function keeperOf(request: FastifyRequest): Promise<Keeper | undefined> {
    const session = await visits.sessionOf(request);
    const link = session && (await pages.openLink(session.linkSecret));
    if (!session || link?.stored.appointmentId !== session.appointmentId) return undefined;
    const owner = passkeyOwnerFor(link, session);
    return owner && { session, owner };
  }

  async function show(keeper: Keeper, reply: FastifyReply, news?: PasskeysNews) {
    const { owner } = keeper;
    const session = await visits.refresh(reply, keeper.session);
    const { language, id } = session;
    const passkeys = await pages.passkeys.list(owner);
    const name = textsIn(language).title;
    const { options, ...question } = await pages.passkeys.askToMake(owner, { name });
    const { challenge, userHandle, tag } = question;
    const visit = { challenge, userHandle, tag, visitId: id.reveal() };
    await cookie.set(reply, visit, { expiresAt: questionEndsAt(pages) });
    const form = formTokenFor(session);
    return sendPasskeyPage(
      pages,
      reply,
      passkeysPage({
        ...{ language, passkeys, options, form, news },
        path: paths.passkeys,
        backPath: paths.details,
      }),
    );
  }

  app.get(paths.passkeys, async (request, reply) => {
    const keeper = await keeperOf(request);
    if (!keeper) return reply.redirect(paths.details, 303);
    const language = requestedLanguage(request) ?? keeper.session.language;
    return show({ ...keeper, session: { ...keeper.session, language } }, reply);
  });

  app.post(paths.passkeys, async (request, reply) => {
    const keeper = await keeperOf(request);
    if (isForged(request, { origin: pages.patientUrl, session: keeper?.session })) {
      return pages.sendFormRefused(request, reply);
    }
    if (!keeper) return reply.redirect(paths.details, 303);
    const visit = await cookie.take(request, reply);
    const { challenge, userHandle, tag, visitId } = visit ?? {};
    const isOwn = visitId === keeper.session.id.reveal();
    const made =
      isOwn && challenge && userHandle && tag
        ? await pages.passkeys.make(keeper.owner, {
            question: { challenge, userHandle, tag },
            answer: new Secret(formField(request, 'passkey')),
          })
        : 'refused';
    return show(keeper, reply, made === 'too_many' ? 'tooMany' : made);
  });

  app.post<{ Params: { id: string } }>(`${paths.passkeys}/:id/remove`, async (request, reply) => {
    const keeper = await keeperOf(request);
    if (isForged(request, { origin: pages.patientUrl, session: keeper?.session })) {
      return pages.sendFormRefused(request, reply);
    }
    const { id } = request.params;
    if (keeper && uuid.test(id)) await pages.passkeys.remove(keeper.owner, id);
    return reply.redirect(paths.passkeys, 303);
  });
  // The language links of a refused form lead here.
  app.get(`${paths.passkeys}/:id/remove`, async (_request, reply) =>
    reply.redirect(paths.passkeys, 303),
  );
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
