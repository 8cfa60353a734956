import type { FastifyInstance } from 'fastify';
import type { OpsRequest, RequestEnd } from '../../usecases/decide-request.ts';
import type { Actor } from '../../usecases/redrive-dead-letters.ts';
import { formField } from '../form-field.ts';
import { actionReason } from './action-reason.ts';
import { addressWith, justSaid } from './done.ts';
import { idIn } from './ids.ts';
import { paths } from './paths.ts';
import { requestPage, requestsPage } from './views/request-page.ts';
import { demandRole, visitorOf } from './visitor.ts';

export interface RequestDeps {
  readRequests(): Promise<readonly OpsRequest[]>;
  /** @throws {AppError} `not_found` */
  readRequest(input: { requestId: string }): Promise<OpsRequest>;
  decideRequest(
    input: { requestId: string; decision: 'approved' | 'declined' } & Actor,
  ): Promise<RequestEnd>;
}

const html = 'text/html; charset=utf-8';

/** What one person has asked for, and a second one approves or declines. */
export function addRequestRoutes(app: FastifyInstance, deps: RequestDeps): void {
  app.get(paths.requests, async (request, reply) => {
    const visitor = visitorOf(request);
    const requests = await deps.readRequests();
    return reply.type(html).send(requestsPage({ visitor, requests, now: new Date() }));
  });

  app.get(paths.request(':id'), async (request, reply) => {
    const visitor = visitorOf(request);
    const asked = await deps.readRequest({ requestId: idIn(request) });
    const said = justSaid(request, 'done');
    return reply.type(html).send(requestPage({ visitor, asked, said, now: new Date() }));
  });

  app.post(paths.decideRequest(':id'), async (request, reply) => {
    const visitor = demandRole(request, 'operator');
    const requestId = idIn(request);
    const reason = actionReason(request);
    const decision = formField(request, 'decision') === 'approve' ? 'approved' : 'declined';
    if (!reason.isGiven) {
      const asked = await deps.readRequest({ requestId });
      const page = requestPage({ visitor, asked, said: '', reason, now: new Date() });
      return reply.code(422).type(html).send(page);
    }
    const by = { actor: visitor.name, reason: reason.text };
    const end = await deps.decideRequest({ requestId, decision, ...by });
    return reply.redirect(addressWith(paths.request(requestId), { done: end.kind }), 303);
  });
}
