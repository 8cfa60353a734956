import type { FastifyInstance } from 'fastify';
import { html } from 'hono/html';
import type { Secret } from '../../domain/secret.ts';
import type { Log } from '../../telemetry/log.ts';
import { plainPage, plainPageHeaders } from '../plain-page.ts';
import { problemAnswer } from '../problems.ts';
import { addReadinessRoutes, type Readiness } from '../readiness.ts';
import { programHeaders } from '../security-headers.ts';
import { buildServer, collectRoutes, refuseOtherMethods } from '../server.ts';
import { demandMetricsAccess } from './metrics-access.ts';

export interface OpsDeps {
  readonly log: Log;
  readonly opsUrl: string;
  /** Where problems are explained. */
  readonly apiUrl: string;
  readonly trustedProxies?: readonly string[] | undefined;
  readonly metricsToken?: Secret<string> | undefined;
  ready(): Promise<Readiness>;
  metrics(): Promise<{ contentType: string; text: string }>;
}

/** The listener for operators and their machines. Nobody signs in to it yet, so it shows no data. */
export async function buildOps(deps: OpsDeps): Promise<FastifyInstance> {
  const app = buildServer({
    log: deps.log,
    trustedProxies: deps.trustedProxies,
    faultAnswer: (fault) => problemAnswer(fault, deps.apiUrl),
    headers: programHeaders(deps.opsUrl),
  });
  const routes = collectRoutes(app);
  const index = await plainPage({ title: 'Sotto: operations', body: indexBody });
  app.get('/', async (_request, reply) => reply.headers(plainPageHeaders).send(index));
  addReadinessRoutes(app, deps.ready);
  app.get('/metrics', async (request, reply) => {
    demandMetricsAccess(request, deps.metricsToken);
    const { contentType, text } = await deps.metrics();
    return reply.type(contentType).send(text);
  });
  refuseOtherMethods(app, routes);
  await app.ready();
  return app;
}

const indexBody = html`<h1>Sotto: operations</h1>
<ul>
<li><a href="/readyz">Ready</a>: whether reminders can go out, one line for each thing needed</li>
<li><a href="/livez">Alive</a>: whether this process runs</li>
<li><a href="/metrics">Metrics</a> for Prometheus: from this machine, or with the metrics token</li>
</ul>`;
