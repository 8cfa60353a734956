import type { FastifyReply } from 'fastify';
import { limits } from '../../../config/limits.ts';
import { Secret } from '../../domain/secret.ts';
import { formTokenFor } from '../forgery.ts';
import { formField } from '../form-field.ts';
import { policyWithScript } from '../page-headers.ts';
import { takeAtLeast } from './answer-floor.ts';
import type { Question } from './asker.ts';
import type { OnceCookie } from './once-cookie.ts';
import { sendPage } from './page-server.ts';
import type { Pages } from './pages.ts';
import { paths } from './paths.ts';
import type { Exchange } from './prove-answer.ts';
import { passkeyScript } from './script.ts';
import { otherWays } from './views/other-ways.ts';
import { provePasskeyPage } from './views/passkey-page.ts';

/** What the browser keeps while a phone is asked for a passkey, or to make one. */
export interface PasskeyVisit {
  readonly challenge: string;
  /** Of the visit or session that asked. */
  readonly visitId: string;
  readonly userHandle?: string;
  readonly tag?: string;
}

/** Answers with a page that may run the one script. */
export function sendPasskeyPage(
  { patientUrl }: Pick<Pages, 'patientUrl'>,
  reply: FastifyReply,
  page: string,
): FastifyReply {
  const policy = policyWithScript(`${patientUrl}${passkeyScript.path}`);
  return sendPage(reply.header('content-security-policy', policy), 200, page);
}

export function questionEndsAt({ now }: Pick<Pages, 'now'>): Date {
  return new Date(now() + limits.passkeyQuestionMinutes * 60_000);
}

/** Asks for a passkey, each time with another question. */
export async function askForPasskey(
  pages: Pages,
  cookie: OnceCookie<PasskeyVisit>,
  { question, reply }: { question: Question; reply: FastifyReply },
  { refused = false }: { refused?: boolean } = {},
): Promise<FastifyReply> {
  const { asker, ways } = question;
  const { challenge, options } = pages.passkeys.ask();
  const visit = { challenge, visitId: asker.id.reveal() };
  await cookie.set(reply, visit, { expiresAt: questionEndsAt(pages) });
  const page = provePasskeyPage({
    ...{ language: asker.language, path: paths.provePasskey, options, refused },
    form: formTokenFor(asker),
    ways: otherWays(ways, 'passkey'),
  });
  return sendPasskeyPage(pages, reply, page);
}

/** Checks what a passkey said. The question is over then, right or wrong. */
export async function checkPasskey(
  pages: Pages,
  cookie: OnceCookie<PasskeyVisit>,
  { question, request, reply }: Pick<Exchange, 'question' | 'request' | 'reply'>,
): Promise<FastifyReply> {
  const { asker, link } = question;
  const visit = await cookie.take(request, reply);
  const isOwn = visit?.visitId === asker.id.reveal();
  const answer = new Secret(formField(request, 'passkey'));
  const { challenge = '' } = visit ?? {};
  const tier = isOwn ? await pages.passkeys.prove({ link, challenge, answer }) : undefined;
  if (tier === undefined) pages.pace.noteWrong(pages.sourceOf(request.ip));
  await takeAtLeast(pages, reply);
  if (tier === undefined) {
    return askForPasskey(pages, cookie, { question, reply }, { refused: true });
  }
  const { appointmentId } = link.stored;
  await pages.visits.prove(reply, asker, { appointmentId, tier, factor: 'passkey' });
  return reply.redirect(paths.details, 303);
}
