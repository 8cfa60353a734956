import type { FastifyInstance } from 'fastify';
import type { Incident, IncidentRow } from '../../usecases/read-incidents.ts';
import type { Actor } from '../../usecases/redrive-dead-letters.ts';
import { actionReason } from './action-reason.ts';
import { addressWith, doneIn } from './done.ts';
import { idIn } from './ids.ts';
import { paths } from './paths.ts';
import { incidentPage } from './views/incident-page.ts';
import { incidentsPage } from './views/incidents-page.ts';
import { demandRole, visitorOf } from './visitor.ts';

export interface IncidentRouteDeps {
  readIncidents(): Promise<readonly IncidentRow[]>;
  /** @throws {AppError} `not_found` */
  readIncident(id: string): Promise<Incident>;
  closeIncident(input: { incidentId: string } & Actor): Promise<boolean>;
  /** Where the guide for operators is. */
  readonly apiUrl: string;
}

const html = 'text/html; charset=utf-8';

const doneTexts: Readonly<Record<string, string>> = {
  closed: 'The incident is closed. Its organisations are told within moments.',
  'was-closed': 'It was closed already. Nothing was changed.',
};

/** What went wrong, whom it touched, and the end of it. */
export function addIncidentRoutes(app: FastifyInstance, deps: IncidentRouteDeps): void {
  const { apiUrl } = deps;

  app.get(paths.incidents, async (request, reply) => {
    const visitor = visitorOf(request);
    const incidents = await deps.readIncidents();
    return reply.type(html).send(incidentsPage({ visitor, incidents, now: new Date() }));
  });

  app.get(paths.incident(':id'), async (request, reply) => {
    const visitor = visitorOf(request);
    const incident = await deps.readIncident(idIn(request));
    const done = doneIn(request, doneTexts);
    const page = incidentPage({ visitor, incident, apiUrl, done, now: new Date() });
    return reply.type(html).send(page);
  });

  app.post(paths.closeIncident(':id'), async (request, reply) => {
    const visitor = demandRole(request, 'operator');
    const incidentId = idIn(request);
    const reason = actionReason(request);
    if (!reason.isGiven) {
      const incident = await deps.readIncident(incidentId);
      const page = incidentPage({ visitor, incident, apiUrl, reason, now: new Date() });
      return reply.code(422).type(html).send(page);
    }
    const by = { actor: visitor.name, reason: reason.text };
    const isClosed = await deps.closeIncident({ incidentId, ...by });
    const done = isClosed ? 'closed' : 'was-closed';
    return reply.redirect(addressWith(paths.incident(incidentId), { done }), 303);
  });
}
