import type { FastifyInstance } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import { roleAllows } from '../../domain/ops-role.ts';
import type { People } from '../../usecases/manage-sessions.ts';
import type { Actor } from '../../usecases/redrive-dead-letters.ts';
import { actionReason } from './action-reason.ts';
import { addressWith, doneIn } from './done.ts';
import { idIn } from './ids.ts';
import { paths } from './paths.ts';
import { peoplePage, sessionPage } from './views/people-page.ts';
import { demandRole, visitorOf } from './visitor.ts';

export interface PeopleDeps {
  readPeople(input: { userId: string | undefined }): Promise<People>;
  endSession(input: { sessionId: string } & Actor): Promise<boolean>;
  signOutOthers(input: { userId: string; sessionId: string; actor: string }): Promise<number>;
}

const html = 'text/html; charset=utf-8';

const doneTexts: Readonly<Record<string, string>> = {
  ended: 'That session has ended.',
  others: 'You are signed out everywhere else.',
};

/** Who may sign in, and who is signed in: everybody their own, an admin everybody's. */
export function addPeopleRoutes(app: FastifyInstance, deps: PeopleDeps): void {
  app.get(paths.people, async (request, reply) => {
    const visitor = visitorOf(request);
    const isAll = roleAllows(visitor.role, 'admin');
    const people = await deps.readPeople({ userId: isAll ? undefined : visitor.userId });
    const done = doneIn(request, doneTexts);
    return reply.type(html).send(peoplePage({ visitor, people, done, now: new Date() }));
  });

  app.post(paths.signOutOthers, async (request, reply) => {
    const { userId, sessionId, name: actor } = visitorOf(request);
    await deps.signOutOthers({ userId, sessionId, actor });
    return reply.redirect(addressWith(paths.people, { done: 'others' }), 303);
  });

  app.get(paths.session(':id'), async (request, reply) => {
    const visitor = demandRole(request, 'admin');
    const page = sessionPage({ visitor, session: await sessionOf(idIn(request)), now: new Date() });
    return reply.type(html).send(page);
  });

  app.post(paths.endSession(':id'), async (request, reply) => {
    const visitor = demandRole(request, 'admin');
    const sessionId = idIn(request);
    const reason = actionReason(request);
    if (!reason.isGiven) {
      const session = await sessionOf(sessionId);
      const page = sessionPage({ visitor, session, reason, now: new Date() });
      return reply.code(422).type(html).send(page);
    }
    await deps.endSession({ sessionId, actor: visitor.name, reason: reason.text });
    return reply.redirect(addressWith(paths.people, { done: 'ended' }), 303);
  });

  async function sessionOf(id: string) {
    const { sessions } = await deps.readPeople({ userId: undefined });
    const session = sessions.find((one) => one.id === id);
    if (!session) throw new AppError('not_found');
    return session;
  }
}
