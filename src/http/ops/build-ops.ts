import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyInstance } from 'fastify';
import type { AppError } from '../../domain/errors.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Log } from '../../telemetry/log.ts';
import { pageHeaders } from '../page-headers.ts';
import { type Answer, problemAnswer } from '../problems.ts';
import { addReadinessRoutes, type Readiness } from '../readiness.ts';
import { buildServer, collectRoutes, refuseOtherMethods } from '../server.ts';
import { addControlRoutes, type ControlDeps } from './control-routes.ts';
import { addFindRoutes, type FindDeps } from './find-routes.ts';
import { addIncidentRoutes, type IncidentRouteDeps } from './incident-routes.ts';
import { addLogRoutes, type LogDeps } from './log-routes.ts';
import { demandMetricsAccess } from './metrics-access.ts';
import { createOpsSessions, type SessionDeps } from './ops-sessions.ts';
import { addOverviewRoutes, type OverviewDeps } from './overview-routes.ts';
import { paths } from './paths.ts';
import { addPeopleRoutes, type PeopleDeps } from './people-routes.ts';
import { addQueueBoardRoutes, type QueueBoardDeps } from './queue-board/queue-board.ts';
import { addRedriveRoutes, type RedriveDeps } from './redrive-routes.ts';
import { addRequestRoutes, type RequestDeps } from './request-routes.ts';
import { addSignInRoutes, type SignInDeps } from './sign-in-routes.ts';
import { stylesheet } from './style.ts';
import { faultPage } from './views/fault-page.ts';

export interface OpsDeps
  extends FindDeps,
    RedriveDeps,
    RequestDeps,
    ControlDeps,
    PeopleDeps,
    LogDeps,
    IncidentRouteDeps {
  readonly log: Log;
  readonly opsUrl: string;
  /** Where problems are explained. */
  readonly apiUrl: string;
  readonly trustedProxies?: readonly string[] | undefined;
  readonly metricsToken?: Secret<string> | undefined;
  ready(): Promise<Readiness>;
  metrics(): Promise<{ contentType: string; text: string }>;
  readonly readOverview: OverviewDeps['readOverview'];
  readonly findVisitor: SessionDeps['findVisitor'];
  readonly recordForbidden: SessionDeps['recordForbidden'];
  readonly provider: SignInDeps['provider'];
  readonly isPasswordTaken: boolean;
  readonly signIn: SignInDeps['signIn'];
  signOut(token: Secret<string>): Promise<void>;
  readonly queue: QueueBoardDeps['queue'];
  readonly recordQueueAction: QueueBoardDeps['recordQueueAction'];
}

/** What programs ask; they are told of faults in their own form. */
const forPrograms = /^\/(?:metrics|livez|readyz)(?:\?|$)/;

/** The listener for operators and their machines: pages behind a sign-in, health and metrics. */
export async function buildOps(deps: OpsDeps): Promise<FastifyInstance> {
  const app = buildServer({
    log: deps.log,
    trustedProxies: deps.trustedProxies,
    faultAnswer: (fault, url = '') =>
      forPrograms.test(url) ? problemAnswer(fault, deps.apiUrl) : pageAnswer(fault),
    headers: pageHeaders({ https: deps.opsUrl.startsWith('https:') }),
  });
  await app.register(cookie);
  await app.register(formbody);
  const routes = collectRoutes(app);
  const sessions = createOpsSessions(deps);

  addReadinessRoutes(app, deps.ready);
  app.get('/metrics', async (request, reply) => {
    demandMetricsAccess(request, deps.metricsToken);
    const { contentType, text } = await deps.metrics();
    return reply.type(contentType).send(text);
  });
  app.get(stylesheet.path, async (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(stylesheet.body),
  );
  app.get('/favicon.ico', async (_request, reply) => reply.code(204).send());
  addSignInRoutes(app, { ...deps, sessions });

  await app.register(async (pages) => {
    sessions.guard(pages);
    sessions.demandRoles(pages);
    sessions.takeOwnFormsOnly(pages);
    addOverviewRoutes(pages, deps);
    addFindRoutes(pages, deps);
    addRedriveRoutes(pages, deps);
    addRequestRoutes(pages, deps);
    addIncidentRoutes(pages, deps);
    addControlRoutes(pages, deps);
    addLogRoutes(pages, deps);
    addPeopleRoutes(pages, deps);
    pages.post(paths.signOut, async (request, reply) => {
      const token = sessions.tokenOf(request);
      if (token) await deps.signOut(token);
      return sessions.end(reply).redirect(paths.signIn, 303);
    });
  });
  await app.register(async (board) => {
    sessions.guard(board);
    addQueueBoardRoutes(board, deps);
  });
  refuseOtherMethods(app, routes);
  await app.ready();
  return app;
}

function pageAnswer(fault: AppError): Answer {
  const { status, headers } = problemAnswer(fault, '');
  const retryAfter = headers['retry-after'];
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    },
    body: faultPage(fault),
  };
}
